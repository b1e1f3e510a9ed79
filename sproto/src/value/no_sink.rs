//! Decoding without a result: it only checks.

use crate::decode::Sink;
use crate::error::Result;
use crate::schema::{Field, TypeRef};
use crate::wire::Booleans;

/// Makes nothing of what the decoder finds, and takes no memory for it.
pub(super) struct NoSink;

impl Sink for NoSink {
    type Value = ();
    type Struct = ();
    type Array = ();
    type Map = ();

    fn integer(&mut self, _: i64) -> Result<()> {
        Ok(())
    }

    fn number(&mut self, _: f64) -> Result<()> {
        Ok(())
    }

    fn boolean(&mut self, _: bool) -> Result<()> {
        Ok(())
    }

    fn string(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn binary(&mut self, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn begin_struct(&mut self, _: TypeRef<'_>, _: usize) -> Result<()> {
        Ok(())
    }

    fn field(&mut self, (): &mut (), _: &Field, (): ()) -> Result<()> {
        Ok(())
    }

    fn end_struct(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn begin_array(&mut self, _: &Field, _: usize) -> Result<()> {
        Ok(())
    }

    fn element(&mut self, (): &mut (), (): ()) -> Result<()> {
        Ok(())
    }

    fn end_array(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn begin_map(&mut self, _: &Field, _: usize) -> Result<()> {
        Ok(())
    }

    fn entry(&mut self, (): &mut (), (): (), (): ()) -> Result<()> {
        Ok(())
    }

    fn end_map(&mut self, (): ()) -> Result<()> {
        Ok(())
    }

    fn booleans(&mut self, _: &Field, _: Booleans<'_>) -> Result<()> {
        Ok(())
    }
}
