//! Encoding reads from values through this.

use std::marker::PhantomData;

use super::Value;
use crate::encode::Source;
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, TypeRef};

/// Gives the encoder what is inside a `Value`. Fields that the schema does not know are left out, as in the reference.
#[derive(Default)]
pub(crate) struct ValueSource<'v>(PhantomData<&'v Value>);

impl<'v> Source for ValueSource<'v> {
    type Node = &'v Value;

    #[inline]
    fn field(&self, node: &&'v Value, field: &Field) -> Result<Option<&'v Value>> {
        let Value::Struct(fields) = node else { return Err(mismatch("a struct", node)) };
        Ok(fields.get(field.name()))
    }

    #[inline]
    fn fields<'t>(
        &self,
        node: &&'v Value,
        ty: TypeRef<'t>,
        mut each: impl FnMut(&'t Field, &'v Value) -> Result<()>,
    ) -> Result<()> {
        match node {
            Value::Struct(fields) => fields.in_order(ty).try_for_each(|(field, value)| each(field, value)),
            _ if ty.fields().is_empty() => Ok(()),
            _ => Err(mismatch("a struct", node)),
        }
    }

    #[inline]
    fn integer(&self, node: &&'v Value) -> Result<i64> {
        node.as_i64().ok_or_else(|| mismatch("an integer", node))
    }

    #[inline]
    fn number(&self, node: &&'v Value) -> Result<f64> {
        node.as_f64().ok_or_else(|| mismatch("a number", node))
    }

    #[inline]
    fn boolean(&self, node: &&'v Value) -> Result<bool> {
        node.as_bool().ok_or_else(|| mismatch("a boolean", node))
    }

    #[inline]
    fn bytes(&self, node: &&'v Value, _: &Field, put: impl FnOnce(&[u8])) -> Result<()> {
        put(node.as_bytes().ok_or_else(|| mismatch("a string", node))?);
        Ok(())
    }

    #[inline]
    fn elements(&self, node: &&'v Value, mut each: impl FnMut(&'v Value) -> Result<()>) -> Result<()> {
        let array = node.as_array().ok_or_else(|| mismatch("an array", node))?;
        array.iter().try_for_each(&mut each)
    }

    fn values(&self, node: &&'v Value, mut each: impl FnMut(&'v Value) -> Result<()>) -> Result<()> {
        match node {
            Value::Map(map) => map.iter().try_for_each(|(_, value)| each(value)),
            Value::Array(array) => array.iter().try_for_each(each),
            _ => Err(mismatch("a map", node)),
        }
    }

    fn entries(
        &self,
        node: &&'v Value,
        mut each: impl FnMut(&'v Value, &'v Value) -> Result<()>,
    ) -> Result<()> {
        let map = node.as_map().ok_or_else(|| mismatch("a map", node))?;
        map.iter().try_for_each(|(key, value)| each(key, value))
    }
}

fn mismatch(expected: &'static str, found: &Value) -> Error {
    Error::encode(Fault::Mismatch { expected, found: found.kind() })
}
