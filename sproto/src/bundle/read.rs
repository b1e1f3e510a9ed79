//! Bundle to schema. Errors say which part is wrong; there are no lines to point to.

use crate::fault::Fault;
use crate::schema::{Field, FieldParts, Kind, ProtocolDef, Shape, Tables, TypeDef};
use crate::wire::{Elements, Fields, Slot};

type Result<T> = std::result::Result<T, String>;

pub(super) fn tables(bytes: &[u8]) -> Result<Tables> {
    let parts = data_only("the bundle", bytes, 2)?;
    let list = |at: usize| parts.get(at).map_or(Ok(Vec::new()), |bytes| elements("the bundle", bytes));
    let (types, protocols) = (list(0)?, list(1)?);
    let drafts: Vec<_> = types.iter().map(|bytes| type_draft(bytes, types.len())).collect::<Result<_>>()?;
    let mut next_id = 0;
    let defs = drafts.iter().map(|draft| type_def(draft, &drafts, &mut next_id)).collect::<Result<_>>()?;
    let protocols = protocols.iter().map(|bytes| protocol(bytes, types.len())).collect::<Result<_>>()?;
    Ok(Tables { types: defs, protocols, ..Tables::default() })
}

/// A type whose fields do not know each other yet.
struct TypeDraft {
    name: Box<str>,
    fields: Vec<FieldDraft>,
}

#[derive(Default)]
struct FieldDraft {
    name: Option<Box<str>>,
    builtin: Option<u16>,
    /// Decimal places, the kind of string, or a type id.
    extra: Option<u16>,
    tag: Option<u16>,
    array: bool,
    key: Option<u16>,
    map: bool,
}

/// The slots of a struct, skips included, checked to the end: every length is inside.
fn slots<'a>(what: &str, bytes: &'a [u8]) -> Result<Vec<(u32, Slot<'a>)>> {
    let told = |fault: Box<Fault>| format!("{what}: {fault}");
    if bytes.len() < 4 {
        return Err(told(Box::new(Fault::Header { need: 4, have: bytes.len() })));
    }
    let mut fields = Fields::new(bytes).map_err(told)?;
    let mut slots = Vec::new();
    while let Some(slot) = fields.next().map_err(told)? {
        slots.push(slot);
    }
    Ok(slots)
}

/// A struct of at most `most` slots that are all data.
fn data_only<'a>(what: &str, bytes: &'a [u8], most: usize) -> Result<Vec<&'a [u8]>> {
    let slots = slots(what, bytes)?;
    if count(bytes) != slots.len() || slots.len() > most {
        return Err(format!("{what} has other slots than its name and its list"));
    }
    let data = |(_, slot): &(u32, Slot<'a>)| slot.bytes().map_err(|fault| format!("{what}: {fault}"));
    slots.iter().map(data).collect()
}

/// The number of slots that the header says, skips included.
fn count(bytes: &[u8]) -> usize {
    bytes.first_chunk().map_or(0, |word| u16::from_le_bytes(*word).into())
}

fn elements<'a>(what: &str, bytes: &'a [u8]) -> Result<Vec<&'a [u8]>> {
    let mut elements: Elements<'a> = Slot::Data(bytes).elements().map_err(|fault| fault.to_string())?;
    let mut all = Vec::new();
    while let Some(bytes) = elements.next().map_err(|fault| format!("{what}: {fault}"))? {
        all.push(bytes);
    }
    Ok(all)
}

fn type_draft(bytes: &[u8], types: usize) -> Result<TypeDraft> {
    let parts = data_only("a type", bytes, 2)?;
    let name = name(parts.first().ok_or("a type has no name")?);
    let mut fields = Vec::new();
    if let Some(list) = parts.get(1) {
        for bytes in elements(&name, list)? {
            fields.push(field_draft(&name, bytes, types)?);
        }
        if fields.is_empty() {
            return Err(format!("type {name} has an empty list of fields"));
        }
    }
    if !fields.is_sorted_by(|a, b| a.tag < b.tag) {
        return Err(format!("the tags of type {name} do not ascend"));
    }
    Ok(TypeDraft { name, fields })
}

/// Names are C strings in the reference.
fn name(bytes: &[u8]) -> Box<str> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into()
}

fn field_draft(owner: &str, bytes: &[u8], types: usize) -> Result<FieldDraft> {
    let mut draft = FieldDraft::default();
    for (tag, slot) in slots(owner, bytes)? {
        match (tag, slot) {
            (0, Slot::Data(bytes)) => draft.name = Some(name(bytes)),
            (1, Slot::Inline(builtin @ 0..=3)) => draft.builtin = Some(builtin),
            (2, Slot::Inline(extra)) => draft.extra = Some(extra),
            (3, Slot::Inline(tag)) => draft.tag = Some(tag),
            (4, Slot::Inline(is)) => draft.array = is != 0,
            (5, Slot::Inline(key)) => draft.key = Some(key),
            (6, Slot::Inline(is)) => draft.map = is != 0,
            _ => return Err(format!("a field of type {owner} has a slot {tag} of no meaning")),
        }
    }
    let whole = match (draft.builtin, draft.extra) {
        (Some(1 | 3), Some(_)) | (None, None) => false,
        (None, Some(id)) => usize::from(id) < types,
        _ => true,
    };
    if whole && draft.name.is_some() && draft.tag.is_some() {
        return Ok(draft);
    }
    Err(format!("a field of type {owner} lacks its name, tag or type"))
}

fn type_def(draft: &TypeDraft, all: &[TypeDraft], next_id: &mut u32) -> Result<TypeDef> {
    let mut fields = Vec::with_capacity(draft.fields.len());
    for (position, field) in draft.fields.iter().enumerate() {
        let parts = parts(field);
        fields.push(Field {
            name: field.name.clone().unwrap_or_default(),
            tag: field.tag.unwrap_or_default(),
            kind: parts.kind.into(),
            shape: shape(&draft.name, field, all)?.into(),
            extra: parts.extra,
            id: *next_id,
            position: position as u32,
            doc: Box::default(),
        });
        *next_id += 1;
    }
    let mut names: Vec<&str> = fields.iter().map(Field::name).collect();
    names.sort_unstable();
    let twins = names.windows(2).any(|pair| pair[0] == pair[1]);
    let mut def = TypeDef::new(draft.name.clone(), fields, Box::default(), None);
    def.twins = twins;
    Ok(def)
}

fn parts(field: &FieldDraft) -> FieldParts {
    let kind = match (field.builtin, field.extra) {
        (Some(0), Some(digits)) => return FieldParts::decimal(digits),
        (Some(0), None) => Kind::Integer,
        (Some(1), _) => Kind::Boolean,
        (Some(2), Some(1)) => Kind::Binary,
        (Some(2), _) => Kind::String,
        (Some(_), _) => Kind::Double,
        (None, id) => Kind::Struct(id.unwrap_or_default().into()),
    };
    FieldParts { kind, extra: field.builtin.and(field.extra) }
}

/// A key that the type does not have is let pass, as in the reference: such a map can be written, but never read.
fn shape(owner: &str, field: &FieldDraft, all: &[TypeDraft]) -> Result<Shape> {
    let target = match (field.builtin, field.extra) {
        (None, Some(id)) => all.get(usize::from(id)),
        _ => None,
    };
    let fields = target.map_or(0, |target| target.fields.len());
    match (field.array, field.key, target) {
        _ if field.map && fields < 2 => {
            Err(format!("a map of type {owner} holds something else than structs of two fields"))
        }
        (true, _, Some(_)) if field.map => Ok(Shape::Map { key: 0, value: 1 }),
        (true, Some(key), Some(target)) => {
            let at = target.fields.iter().position(|field| field.tag == Some(key));
            Ok(Shape::Keyed { key: at.unwrap_or(fields) })
        }
        (true, ..) => Ok(Shape::Array),
        (false, ..) => Ok(Shape::Single),
    }
}

/// Goes by the position of the slots, skips included, as the reference does.
fn protocol(bytes: &[u8], types: usize) -> Result<ProtocolDef> {
    let all = slots("a protocol", bytes)?;
    let mut by_position = Vec::new();
    let words = bytes.get(2..2 + 2 * count(bytes)).unwrap_or_default().as_chunks().0;
    let mut values = all.into_iter().map(|(_, slot)| slot);
    for word in words {
        let skipped = u16::from_le_bytes(*word) % 2 == 1;
        by_position.push(if skipped { None } else { values.next() });
    }
    let at = |position: usize| by_position.get(position).copied().flatten();
    let number = |position: usize| match at(position) {
        Some(Slot::Inline(value)) => Ok(Some(value)),
        Some(Slot::Data(_)) => Err("a protocol has data where a number is expected"),
        None => Ok(None),
    };
    let Some(Slot::Data(name_bytes)) = at(0) else { return Err("a protocol has no name".into()) };
    let type_id = |id: Option<u16>| match id.map(usize::from) {
        Some(id) if id >= types => Err(format!("a protocol refers to type {id} of {types}")),
        id => Ok(id),
    };
    if by_position.iter().skip(5).any(Option::is_some) {
        return Err("a protocol has more slots than five".into());
    }
    Ok(ProtocolDef {
        name: name(name_bytes),
        tag: number(1)?.ok_or("a protocol has no tag")?,
        request: type_id(number(2)?)?,
        response: type_id(number(3)?)?,
        confirm: at(4).is_some_and(|slot| slot != Slot::Inline(0)),
        doc: Box::default(),
    })
}
