//! The walk over the bytes of a message, by its type.

use super::{List, Sink};
use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, TypeRef};
use crate::wire::{DEPTH_LIMIT, Elements, Fields, Slot, integer_to_decimal};

/// Hands what it finds to a sink.
pub(super) struct Decoder<'s, S> {
    pub sink: &'s mut S,
}

/// What is to be known of a struct besides its value.
#[derive(Default)]
pub(super) struct Watch<'a> {
    /// The tag of a field.
    tag: Option<u16>,
    /// The slot of that field, if it was there.
    slot: Option<Slot<'a>>,
    /// Bytes after the struct.
    pub left: usize,
}

impl<S: Sink> Decoder<'_, S> {
    pub(super) fn structure<'a>(
        &mut self,
        ty: TypeRef<'_>,
        bytes: &'a [u8],
        depth: usize,
        watch: &mut Watch<'a>,
    ) -> Result<S::Value> {
        let mut slots = Fields::new(bytes)?;
        let mut known = ty.fields();
        let mut made = self.sink.begin_struct(ty, slots.fields_left().min(ty.fields().len()))?;
        while let Some((tag, slot)) = slots.next()? {
            let Some(field) = skip_to(&mut known, tag) else { continue };
            if depth >= DEPTH_LIMIT {
                return Err(Error::decode(Fault::TooDeep).in_field(field.name()));
            }
            self.put(&mut made, ty, field, slot, depth)?;
            if watch.tag == Some(field.tag()) {
                watch.slot = Some(slot);
            }
        }
        watch.left = slots.rest().len();
        self.sink.end_struct(made)
    }

    /// Decodes a field and gives it to the struct. Each kind by itself, so that a value is made where it stays: moving one right
    /// after it is written stalls.
    #[inline(always)]
    fn put(
        &mut self,
        made: &mut S::Struct,
        ty: TypeRef<'_>,
        field: &Field,
        slot: Slot<'_>,
        depth: usize,
    ) -> Result<()> {
        let told = |error: Error| error.in_field(field.name());
        let fault = |fault: Box<Fault>| told(fault.into());
        let sink = &mut *self.sink;
        match (field.shape(), field.kind()) {
            (Shape::Single, Kind::Integer) => {
                let value = sink.integer(slot.integer().map_err(fault)?).map_err(told)?;
                sink.field(made, field, value)
            }
            (Shape::Single, Kind::Boolean) => {
                let value = sink.boolean(slot.boolean().map_err(fault)?).map_err(told)?;
                sink.field(made, field, value)
            }
            (Shape::Single, Kind::Double) => {
                let value = sink.number(slot.double().map_err(fault)?).map_err(told)?;
                sink.field(made, field, value)
            }
            (Shape::Single, Kind::String) => {
                let value = sink.string(slot.bytes().map_err(fault)?).map_err(told)?;
                sink.field(made, field, value)
            }
            (Shape::Single, Kind::Binary) => {
                let value = sink.binary(slot.bytes().map_err(fault)?).map_err(told)?;
                sink.field(made, field, value)
            }
            _ => {
                let value = self.field(ty, field, slot, depth).map_err(told)?;
                self.sink.field(made, field, value)
            }
        }
    }

    fn field(&mut self, ty: TypeRef<'_>, field: &Field, slot: Slot<'_>, depth: usize) -> Result<S::Value> {
        match (field.shape(), field.kind(), slot) {
            (Shape::Single, ..) => self.single(ty, field, slot, depth),
            (_, Kind::Struct(_), Slot::Data(bytes)) => self.kept(List { ty, field, bytes, depth }),
            _ => self.list(ty, field, slot, depth),
        }
    }

    fn kept(&mut self, list: List<'_>) -> Result<S::Value> {
        if let Some(kept) = self.sink.keep(list)? {
            return Ok(kept);
        }
        self.list(list.ty, list.field, Slot::Data(list.bytes), list.depth)
    }

    pub(super) fn list(
        &mut self,
        ty: TypeRef<'_>,
        field: &Field,
        slot: Slot<'_>,
        depth: usize,
    ) -> Result<S::Value> {
        match field.shape() {
            Shape::Single | Shape::Array => self.array(ty, field, slot, depth),
            Shape::Keyed { key } => self.keyed(ty, field, key, slot, depth),
            Shape::Map { key, value } => self.map(ty, field, (key, value), slot, depth),
        }
    }

    #[inline(always)]
    fn single(&mut self, ty: TypeRef<'_>, field: &Field, slot: Slot<'_>, depth: usize) -> Result<S::Value> {
        let sink = &mut *self.sink;
        match field.kind() {
            Kind::Integer => sink.integer(slot.integer()?),
            Kind::Decimal { scale } => sink.number(slot.decimal(scale)?),
            Kind::Boolean => sink.boolean(slot.boolean()?),
            Kind::Double => sink.number(slot.double()?),
            Kind::String => sink.string(slot.bytes()?),
            Kind::Binary => sink.binary(slot.bytes()?),
            Kind::Struct(id) => {
                let bytes = slot.nested()?;
                self.nested(ty.by_id(id), bytes, depth, &mut Watch::default())
            }
        }
    }

    /// A struct one level down, which must take its bytes exactly.
    #[inline]
    fn nested<'a>(
        &mut self,
        ty: TypeRef<'_>,
        bytes: &'a [u8],
        depth: usize,
        watch: &mut Watch<'a>,
    ) -> Result<S::Value> {
        let value = self.structure(ty, bytes, depth + 1, watch);
        if watch.left > 0 && value.is_ok() {
            return Err(Error::decode(Fault::Trailing(watch.left)));
        }
        value
    }

    fn array(&mut self, ty: TypeRef<'_>, field: &Field, slot: Slot<'_>, depth: usize) -> Result<S::Value> {
        match field.kind() {
            Kind::Integer => {
                let integers = slot.integers()?;
                self.numbers(field, integers, |sink, integer| sink.integer(integer))
            }
            Kind::Decimal { scale } => {
                let integers = slot.integers()?;
                self.numbers(field, integers, |sink, integer| sink.number(integer_to_decimal(integer, scale)))
            }
            Kind::Double => {
                let doubles = slot.doubles()?;
                self.numbers(field, doubles, |sink, double| sink.number(double))
            }
            Kind::Boolean => self.sink.booleans(field, slot.booleans()?),
            Kind::String => self.elements(field, slot, |this, bytes| this.sink.string(bytes)),
            Kind::Binary => self.elements(field, slot, |this, bytes| this.sink.binary(bytes)),
            Kind::Struct(id) => self.elements(field, slot, |this, bytes| {
                this.nested(ty.by_id(id), bytes, depth, &mut Watch::default())
            }),
        }
    }

    fn numbers<T>(
        &mut self,
        field: &Field,
        numbers: impl ExactSizeIterator<Item = T>,
        make: impl Fn(&mut S, T) -> Result<S::Value>,
    ) -> Result<S::Value> {
        let mut array = self.sink.begin_array(field, numbers.len())?;
        for number in numbers {
            let value = make(self.sink, number)?;
            self.sink.element(&mut array, value)?;
        }
        self.sink.end_array(array)
    }

    #[inline]
    fn elements<'a>(
        &mut self,
        field: &Field,
        slot: Slot<'a>,
        mut make: impl FnMut(&mut Self, &'a [u8]) -> Result<S::Value>,
    ) -> Result<S::Value> {
        let (elements, count) = counted(slot)?;
        let mut array = self.sink.begin_array(field, count)?;
        each(elements, |bytes| {
            let value = make(self, bytes)?;
            self.sink.element(&mut array, value)
        })?;
        self.sink.end_array(array)
    }

    fn keyed(
        &mut self,
        ty: TypeRef<'_>,
        field: &Field,
        key: usize,
        slot: Slot<'_>,
        depth: usize,
    ) -> Result<S::Value> {
        let Kind::Struct(id) = field.kind() else { return Err(Error::decode(Fault::Data("a builtin"))) };
        let (item, (elements, count)) = (ty.by_id(id), counted(slot)?);
        let key = item.fields().get(key).ok_or_else(|| Error::decode(Fault::NoKey("?".into())))?;
        let mut map = self.sink.begin_map(field, count)?;
        each(elements, |bytes| {
            let mut watch = Watch { tag: Some(key.tag()), ..Watch::default() };
            let value = self.nested(item, bytes, depth, &mut watch)?;
            let slot = watch.slot.ok_or_else(|| Error::decode(Fault::NoKey(key.name().into())))?;
            let key = self.key(item, key, slot, depth).map_err(|error| error.in_field(key.name()))?;
            self.sink.entry(&mut map, key, value)
        })?;
        self.sink.end_map(map)
    }

    /// The key of an entry. The schema lets an array pass as key; nothing can be found by one.
    fn key(&mut self, ty: TypeRef<'_>, key: &Field, slot: Slot<'_>, depth: usize) -> Result<S::Value> {
        if key.shape() != Shape::Single {
            return Err(Error::decode(Fault::Mismatch { expected: "a key", found: "an array" }));
        }
        self.single(ty, key, slot, depth)
    }

    fn map(
        &mut self,
        ty: TypeRef<'_>,
        field: &Field,
        positions: (usize, usize),
        slot: Slot<'_>,
        depth: usize,
    ) -> Result<S::Value> {
        let Kind::Struct(id) = field.kind() else { return Err(Error::decode(Fault::Data("a builtin"))) };
        let (pair, (elements, count)) = (ty.by_id(id), counted(slot)?);
        let mut map = self.sink.begin_map(field, count)?;
        each(elements, |bytes| {
            let (key, value) = self.pair(pair, positions, bytes, depth + 1)?;
            self.sink.entry(&mut map, key, value)
        })?;
        self.sink.end_map(map)
    }

    /// An entry of a `*T()`: a struct of two fields, the key and the value. Both must be there.
    fn pair(
        &mut self,
        ty: TypeRef<'_>,
        positions: (usize, usize),
        bytes: &[u8],
        depth: usize,
    ) -> Result<(S::Value, S::Value)> {
        let (key_field, value_field) = (&ty.fields()[positions.0], &ty.fields()[positions.1]);
        let mut slots = Fields::new(bytes)?;
        let (mut key, mut value) = (None, None);
        while let Some((tag, slot)) = slots.next()? {
            let (field, made) = match tag {
                tag if tag == u32::from(key_field.tag()) => (key_field, &mut key),
                tag if tag == u32::from(value_field.tag()) => (value_field, &mut value),
                _ => continue,
            };
            if depth >= DEPTH_LIMIT {
                return Err(Error::decode(Fault::TooDeep).in_field(field.name()));
            }
            let is_key = std::ptr::eq(field, key_field);
            let read =
                if is_key { self.key(ty, field, slot, depth) } else { self.field(ty, field, slot, depth) };
            *made = Some(read.map_err(|error| error.in_field(field.name()))?);
        }
        if !slots.rest().is_empty() {
            return Err(Error::decode(Fault::Trailing(slots.rest().len())));
        }
        let key = key.ok_or_else(|| Error::decode(Fault::NoKey(key_field.name().into())))?;
        let value = value.ok_or_else(|| Error::decode(Fault::NoValue(value_field.name().into())))?;
        Ok((key, value))
    }
}

/// The field of this tag, if there is one. It and those before it are taken off.
#[inline(always)]
fn skip_to<'f>(known: &mut &'f [Field], tag: u32) -> Option<&'f Field> {
    while let Some((field, rest)) = known.split_first() {
        let at = u32::from(field.tag());
        if at > tag {
            return None;
        }
        *known = rest;
        if at == tag {
            return Some(field);
        }
    }
    None
}

fn counted(slot: Slot<'_>) -> Result<(Elements<'_>, usize)> {
    let elements = slot.elements()?;
    let count = elements.count()?;
    Ok((elements, count))
}

/// Goes over the elements; an error is told the element's number.
fn each<'a>(mut elements: Elements<'a>, mut make: impl FnMut(&'a [u8]) -> Result<()>) -> Result<()> {
    let mut index = 0;
    while let Some(bytes) = elements.next()? {
        make(bytes).map_err(|error| error.in_element(index))?;
        index += 1;
    }
    Ok(())
}
