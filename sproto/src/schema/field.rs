//! One field of a type: its name, tag, kind and shape.

/// A field of a [`Type`](crate::Type).
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub(crate) name: Box<str>,
    pub(crate) tag: u16,
    pub(crate) kind: SmallKind,
    pub(crate) shape: SmallShape,
    /// The number that a bundle stores beside the builtin type: decimal digits, or 1 for binary.
    pub(crate) extra: Option<u16>,
    pub(crate) id: u32,
    /// Its place among the fields of its type.
    pub(crate) position: u32,
    pub(crate) doc: Box<str>,
}

/// What a field holds, or each of its elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `integer`
    Integer,
    /// `integer(n)`: a number of n decimal places that travels as an integer.
    Decimal {
        /// 10 to the power of n, in wrapping 32-bit arithmetic as in the reference.
        scale: i32,
    },
    /// `boolean`
    Boolean,
    /// `double`
    Double,
    /// `string`
    String,
    /// `binary`
    Binary,
    /// Another type, by its id.
    Struct(usize),
}

/// How many of its kind a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `T`
    Single,
    /// `*T`
    Array,
    /// `*T(key)`: structs, found by one of their fields.
    Keyed {
        /// The position of the key among the fields of T.
        key: usize,
    },
    /// `*T()`: pairs, T being a struct of two fields.
    Map {
        /// The position of the key among the fields of T.
        key: usize,
        /// The position of the value among the fields of T.
        value: usize,
    },
}

/// A kind in half its size: a field then fits into 64 bytes, and a schema of very many into little memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SmallKind {
    Integer,
    Decimal(i32),
    Boolean,
    Double,
    String,
    Binary,
    Struct(u32),
}

impl From<Kind> for SmallKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Integer => Self::Integer,
            Kind::Decimal { scale } => Self::Decimal(scale),
            Kind::Boolean => Self::Boolean,
            Kind::Double => Self::Double,
            Kind::String => Self::String,
            Kind::Binary => Self::Binary,
            Kind::Struct(id) => Self::Struct(id as u32),
        }
    }
}

/// A shape in a quarter of its size. A type has 32767 fields at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SmallShape {
    Single,
    Array,
    Keyed(u16),
    Map(u16, u16),
}

impl From<Shape> for SmallShape {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Single => Self::Single,
            Shape::Array => Self::Array,
            Shape::Keyed { key } => Self::Keyed(key as u16),
            Shape::Map { key, value } => Self::Map(key as u16, value as u16),
        }
    }
}

/// What a field of a builtin type is made of: the kind that the codec sees and the number that a bundle stores.
pub(crate) struct FieldParts {
    pub kind: Kind,
    pub extra: Option<u16>,
}

impl FieldParts {
    /// An integer of `digits` decimal places. From 32 places on the scale is 0 and the reference has a plain integer.
    pub(crate) fn decimal(digits: u16) -> Self {
        let scale = 10_i32.wrapping_pow(digits.into());
        let kind = if scale == 0 { Kind::Integer } else { Kind::Decimal { scale } };
        Self { kind, extra: Some(digits) }
    }

    /// The builtin type of this name.
    pub(crate) fn builtin(name: &str) -> Option<Self> {
        let kind = match name {
            "integer" => Kind::Integer,
            "boolean" => Kind::Boolean,
            "string" => Kind::String,
            "binary" => return Some(Self { kind: Kind::Binary, extra: Some(1) }),
            "double" => Kind::Double,
            _ => return None,
        };
        Some(Self { kind, extra: None })
    }
}

impl Field {
    /// The name, as the schema spells it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tag, 0 to 32766.
    pub fn tag(&self) -> u16 {
        self.tag
    }

    /// What it holds.
    #[inline]
    pub fn kind(&self) -> Kind {
        match self.kind {
            SmallKind::Integer => Kind::Integer,
            SmallKind::Decimal(scale) => Kind::Decimal { scale },
            SmallKind::Boolean => Kind::Boolean,
            SmallKind::Double => Kind::Double,
            SmallKind::String => Kind::String,
            SmallKind::Binary => Kind::Binary,
            SmallKind::Struct(id) => Kind::Struct(id as usize),
        }
    }

    /// How many of them.
    #[inline]
    pub fn shape(&self) -> Shape {
        match self.shape {
            SmallShape::Single => Shape::Single,
            SmallShape::Array => Shape::Array,
            SmallShape::Keyed(key) => Shape::Keyed { key: key.into() },
            SmallShape::Map(key, value) => Shape::Map { key: key.into(), value: value.into() },
        }
    }

    /// A number that no other field of the same schema has, counted from 0: an index for what a caller keeps per field.
    pub fn id(&self) -> usize {
        self.id as usize
    }

    /// The comment lines above the field, each ended by a newline.
    pub fn doc(&self) -> &str {
        &self.doc
    }
}
