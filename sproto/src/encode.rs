//! Encoding: walks a type of the schema and pulls each value out of a [`Source`], be it a `Value`, a Lua table or anything else.

use crate::error::{Error, Result};
use crate::fault::Fault;
use crate::schema::{Field, Kind, Shape, Type, TypeRef};
use crate::value::{Value, ValueSource};
use crate::wire::{DEPTH_LIMIT, IntegerWriter, Length, StructWriter, decimal_to_integer, put_bytes};

/// Where the encoder takes values from. A `Node` is a handle to one value: a reference, or an owned Lua value.
///
/// Errors are best made with [`Error::encode`]; the encoder adds the path.
pub trait Source {
    /// A handle to one value.
    type Node;

    /// The value of a struct's field; `None` if it is absent.
    ///
    /// # Errors
    /// `node` is no struct.
    fn field(&self, node: &Self::Node, field: &Field) -> Result<Option<Self::Node>>;

    /// Hands each field of a struct that is there to `each`, in the order of `ty`'s fields.
    ///
    /// # Errors
    /// `node` is no struct; or what `each` says.
    #[inline]
    fn fields<'t>(
        &self,
        node: &Self::Node,
        ty: TypeRef<'t>,
        mut each: impl FnMut(&'t Field, Self::Node) -> Result<()>,
    ) -> Result<()> {
        for field in ty.fields() {
            if let Some(value) = self.field(node, field)? {
                each(field, value)?;
            }
        }
        Ok(())
    }

    /// # Errors
    /// `node` is no integer.
    fn integer(&self, node: &Self::Node) -> Result<i64>;

    /// A double, or a decimal before it is scaled.
    ///
    /// # Errors
    /// `node` is no number.
    fn number(&self, node: &Self::Node) -> Result<f64>;

    /// # Errors
    /// `node` is no boolean.
    fn boolean(&self, node: &Self::Node) -> Result<bool>;

    /// Hands the bytes of a string or binary to `put`, once.
    ///
    /// # Errors
    /// `node` is neither.
    fn bytes(&self, node: &Self::Node, field: &Field, put: impl FnOnce(&[u8])) -> Result<()>;

    /// Hands each element of an array to `each`, in order.
    ///
    /// # Errors
    /// `node` is no array; or what `each` says.
    fn elements(&self, node: &Self::Node, each: impl FnMut(Self::Node) -> Result<()>) -> Result<()>;

    /// Hands each value of a `*T(key)` to `each`. The key is not asked for: it is one of the value's fields.
    ///
    /// # Errors
    /// As [`Source::elements`].
    fn values(&self, node: &Self::Node, each: impl FnMut(Self::Node) -> Result<()>) -> Result<()>;

    /// Hands each key and value of a `*T()` to `each`.
    ///
    /// # Errors
    /// As [`Source::elements`].
    fn entries(
        &self,
        node: &Self::Node,
        each: impl FnMut(Self::Node, Self::Node) -> Result<()>,
    ) -> Result<()>;
}

impl Type {
    /// Appends the encoded `value` to `out`.
    ///
    /// # Errors
    /// A value that does not fit its field, or more than 64 levels; `out` is then as it was.
    ///
    /// ```
    /// use sproto::value;
    ///
    /// let schema = sproto::Schema::parse(".Person { name 0 : string  age 1 : integer }")?;
    /// let person = schema.require_type("Person")?;
    /// let mut bytes = Vec::new();
    /// person.encode(&value!({ name: "Bob", age: 40 }), &mut bytes)?;
    /// assert_eq!(bytes, b"\x02\0\0\0\x52\0\x03\0\0\0Bob");
    ///
    /// let error = person.encode(&value!({ age: "old" }), &mut bytes).unwrap_err();
    /// assert_eq!(error.to_string(), "Person.age: expected an integer, found a string");
    /// # Ok::<(), sproto::Error>(())
    /// ```
    pub fn encode(&self, value: &Value, out: &mut Vec<u8>) -> Result<()> {
        self.encode_from(&ValueSource::default(), &value, out)
    }

    /// Appends what `source` holds at `node` to `out`.
    ///
    /// # Errors
    /// As [`Type::encode`], and whatever the source says.
    pub fn encode_from<S: Source>(&self, source: &S, node: &S::Node, out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        let written = Encoder { source, out }.root(self.as_ref(), node);
        if written.is_err() {
            out.truncate(start);
        }
        written.map_err(|error| error.in_type(self.name()))
    }
}

struct Encoder<'s, S> {
    source: &'s S,
    out: &'s mut Vec<u8>,
}

impl<S: Source> Encoder<'_, S> {
    /// One check of the whole length covers every length inside.
    fn root(&mut self, ty: TypeRef<'_>, node: &S::Node) -> Result<()> {
        let start = self.out.len();
        let header = ty.def.room.root(self.out);
        self.structure(header, ty, node, 0)?;
        let len = self.out.len() - start;
        if u32::try_from(len).is_ok() { Ok(()) } else { Err(Error::encode(Fault::TooLong(len))) }
    }

    fn structure(
        &mut self,
        mut header: StructWriter,
        ty: TypeRef<'_>,
        node: &S::Node,
        depth: usize,
    ) -> Result<()> {
        if depth >= DEPTH_LIMIT && !ty.fields().is_empty() {
            return Err(Error::encode(Fault::TooDeep));
        }
        self.source.fields(node, ty, |field, value| {
            self.field(&mut header, ty, field, &value, depth).map_err(|error| error.in_field(field.name()))
        })?;
        ty.def.room.finish(&header, self.out);
        Ok(())
    }

    #[inline(always)]
    fn field(
        &mut self,
        header: &mut StructWriter,
        ty: TypeRef<'_>,
        field: &Field,
        value: &S::Node,
        depth: usize,
    ) -> Result<()> {
        if field.shape() == Shape::Single {
            return self.single(header, ty, field, value, depth);
        }
        header.data(self.out, field.tag());
        self.list(ty, field, value, depth)
    }

    #[inline(never)]
    fn list(&mut self, ty: TypeRef<'_>, field: &Field, value: &S::Node, depth: usize) -> Result<()> {
        let length = Length::open(self.out);
        match field.shape() {
            Shape::Keyed { .. } => self.keyed(ty, field, value, depth)?,
            Shape::Map { key, value: at } => self.map(ty, field, (key, at), value, depth)?,
            Shape::Single | Shape::Array => self.array(ty, field, value, depth)?,
        }
        length.close(self.out);
        Ok(())
    }

    #[inline(always)]
    fn single(
        &mut self,
        header: &mut StructWriter,
        ty: TypeRef<'_>,
        field: &Field,
        value: &S::Node,
        depth: usize,
    ) -> Result<()> {
        let (source, tag) = (self.source, field.tag());
        match field.kind() {
            Kind::Integer => header.integer(self.out, tag, source.integer(value)?),
            Kind::Decimal { scale } => {
                header.integer(self.out, tag, decimal_to_integer(source.number(value)?, scale));
            }
            Kind::Boolean => header.boolean(self.out, tag, source.boolean(value)?),
            Kind::Double => header.double(self.out, tag, source.number(value)?),
            Kind::String | Kind::Binary => {
                header.data(self.out, tag);
                source.bytes(value, field, |bytes| put_bytes(self.out, bytes))?;
            }
            Kind::Struct(id) => {
                header.data(self.out, tag);
                self.nested(ty.by_id(id), value, depth)?;
            }
        }
        Ok(())
    }

    /// A struct one level down, behind its length.
    fn nested(&mut self, ty: TypeRef<'_>, node: &S::Node, depth: usize) -> Result<()> {
        let header = ty.def.room.nested(self.out);
        self.structure(header, ty, node, depth + 1)
    }

    fn array(&mut self, ty: TypeRef<'_>, field: &Field, node: &S::Node, depth: usize) -> Result<()> {
        let source = self.source;
        match field.kind() {
            Kind::Integer => self.integers(node, |element| source.integer(element)),
            Kind::Decimal { scale } => {
                self.integers(node, |element| Ok(decimal_to_integer(source.number(element)?, scale)))
            }
            Kind::Double => self.doubles(node),
            Kind::Boolean => self.each(node, |this, element| {
                this.out.push(source.boolean(element)?.into());
                Ok(())
            }),
            Kind::String | Kind::Binary => self
                .each(node, |this, element| source.bytes(element, field, |bytes| put_bytes(this.out, bytes))),
            Kind::Struct(id) => self.each(node, |this, element| this.nested(ty.by_id(id), element, depth)),
        }
    }

    fn integers(&mut self, node: &S::Node, integer: impl Fn(&S::Node) -> Result<i64>) -> Result<()> {
        let mut writer = IntegerWriter::new(self.out);
        self.each(node, |this, element| {
            writer.push(this.out, integer(element)?);
            Ok(())
        })
    }

    fn doubles(&mut self, node: &S::Node) -> Result<()> {
        let (source, start) = (self.source, self.out.len());
        self.each(node, |this, element| {
            if this.out.len() == start {
                this.out.push(8);
            }
            this.out.extend_from_slice(&source.number(element)?.to_bits().to_le_bytes());
            Ok(())
        })
    }

    fn each(&mut self, node: &S::Node, mut put: impl FnMut(&mut Self, &S::Node) -> Result<()>) -> Result<()> {
        let mut index = 0;
        self.source.elements(node, |element| {
            put(self, &element).map_err(|error| error.in_element(index))?;
            index += 1;
            Ok(())
        })
    }

    fn keyed(&mut self, ty: TypeRef<'_>, field: &Field, node: &S::Node, depth: usize) -> Result<()> {
        let Kind::Struct(id) = field.kind() else { return Ok(()) };
        let mut index = 0;
        self.source.values(node, |value| {
            self.nested(ty.by_id(id), &value, depth).map_err(|error| error.in_element(index))?;
            index += 1;
            Ok(())
        })
    }

    fn map(
        &mut self,
        ty: TypeRef<'_>,
        field: &Field,
        positions: (usize, usize),
        node: &S::Node,
        depth: usize,
    ) -> Result<()> {
        let Kind::Struct(id) = field.kind() else { return Ok(()) };
        let mut index = 0;
        self.source.entries(node, |key, value| {
            self.pair(ty.by_id(id), positions, [&key, &value], depth + 1)
                .map_err(|error| error.in_element(index))?;
            index += 1;
            Ok(())
        })
    }

    /// An entry of a `*T()`: a struct of two fields, the key and the value.
    fn pair(
        &mut self,
        ty: TypeRef<'_>,
        positions: (usize, usize),
        nodes: [&S::Node; 2],
        depth: usize,
    ) -> Result<()> {
        if depth >= DEPTH_LIMIT {
            return Err(Error::encode(Fault::TooDeep));
        }
        let mut header = ty.def.room.nested(self.out);
        for (position, node) in [positions.0, positions.1].into_iter().zip(nodes) {
            let field = &ty.fields()[position];
            self.field(&mut header, ty, field, node, depth).map_err(|error| error.in_field(field.name()))?;
        }
        ty.def.room.finish(&header, self.out);
        Ok(())
    }
}
