//! Collects declarations from syntax trees, in text order: names are made full, duplicates refused, nothing looked up yet.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::error::{Error, Place, Result, SchemaError};
use crate::syntax::{self, Bracket, FieldNode, Item, Member, Message, ProtocolNode, Side, TypeNode};

/// All that the files declare. Names are parts of the texts, places are two numbers: a schema of very many small types stays small
/// until it is linked.
#[derive(Default)]
pub(super) struct Draft<'t> {
    files: Vec<Arc<str>>,
    pub types: BTreeMap<Cow<'t, str>, DraftType<'t>>,
    pub protocols: Vec<DraftProtocol<'t>>,
    protocol_spots: HashMap<&'t str, Spot>,
}

/// A line of one of the files.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    file: u32,
    line: u32,
}

pub(super) struct DraftType<'t> {
    pub spot: Spot,
    pub doc: Box<str>,
    /// Ascending by tag.
    pub fields: Box<[DraftField<'t>]>,
}

pub(super) struct DraftField<'t> {
    pub spot: Spot,
    pub name: &'t str,
    pub tag: u64,
    pub array: bool,
    pub typename: &'t str,
    pub brackets: Vec<Bracket<'t>>,
    pub doc: Box<str>,
}

pub(super) struct DraftProtocol<'t> {
    pub spot: Spot,
    pub name: &'t str,
    pub tag: u64,
    pub request: Option<Cow<'t, str>>,
    pub response: Option<Cow<'t, str>>,
    pub confirm: bool,
    pub doc: Box<str>,
}

/// The files by their numbers in spots.
pub(super) struct Files(Vec<Arc<str>>);

impl Files {
    pub(super) fn place(&self, spot: Spot) -> Place {
        place(&self.0, spot)
    }
}

fn place(files: &[Arc<str>], Spot { file, line }: Spot) -> Place {
    Place { file: files.get(file as usize).map_or_else(|| "".into(), Arc::clone), line }
}

impl<'t> Draft<'t> {
    /// A syntax error anywhere in the file comes before what is wrong with its declarations.
    pub(super) fn add_file(&mut self, name: &str, text: &'t str) -> Result<()> {
        let (file, number) = (Arc::from(name), self.files.len() as u32);
        self.files.push(Arc::clone(&file));
        let mut added = Ok(());
        syntax::parse(&file, text, |item| {
            if added.is_ok() {
                added = self.add_item(number, item);
            }
        })?;
        added
    }

    pub(super) fn into_parts(self) -> (Files, BTreeMap<Cow<'t, str>, DraftType<'t>>, Vec<DraftProtocol<'t>>) {
        (Files(self.files), self.types, self.protocols)
    }

    fn add_item(&mut self, file: u32, item: Item<'t>) -> Result<()> {
        match item {
            Item::Type(node) => self.add_type(file, node.name.into(), node),
            Item::Protocol(node) => self.add_protocol(file, node),
        }
    }

    fn twice(&self, spot: Spot, message: String, first: Spot) -> Error {
        twice(place(&self.files, spot), message, place(&self.files, first))
    }

    fn add_type(&mut self, file: u32, name: Cow<'t, str>, node: TypeNode<'t>) -> Result<()> {
        let spot = Spot { file, line: node.line };
        if let Some(first) = self.types.get(&name) {
            return Err(self.twice(spot, format!("redefined {name}"), first.spot));
        }
        let fields = self.add_members(file, &name, node.members)?;
        self.types.insert(name, DraftType { spot, doc: node.doc, fields });
        Ok(())
    }

    fn add_members(
        &mut self,
        file: u32,
        name: &str,
        members: Vec<Member<'t>>,
    ) -> Result<Box<[DraftField<'t>]>> {
        let mut fields = Fields::default();
        for member in members {
            match member {
                Member::Field(node) => {
                    let twice = |spot, message, first| self.twice(spot, message, first);
                    fields.add(Spot { file, line: node.line }, name, node, twice)?;
                }
                Member::Type(node) => self.add_type(file, format!("{name}.{}", node.name).into(), node)?,
            }
        }
        fields.list.sort_by_key(|field| field.tag);
        Ok(fields.list.into())
    }

    fn add_protocol(&mut self, file: u32, node: ProtocolNode<'t>) -> Result<()> {
        let spot = Spot { file, line: node.line };
        if let Some(&first) = self.protocol_spots.get(node.name) {
            return Err(self.twice(spot, format!("redefined {}", node.name), first));
        }
        let ProtocolNode { name, tag, doc, .. } = node;
        let mut protocol =
            DraftProtocol { spot, name, tag, request: None, response: None, confirm: false, doc };
        for (side, line, message) in node.messages {
            self.add_message(&mut protocol, Spot { file, line }, side, message)?;
        }
        protocol.confirm &= protocol.response.is_none();
        self.protocol_spots.insert(name, spot);
        self.protocols.push(protocol);
        Ok(())
    }

    fn add_message(
        &mut self,
        protocol: &mut DraftProtocol<'t>,
        spot: Spot,
        side: Side,
        message: Message<'t>,
    ) -> Result<()> {
        let taken = match side {
            Side::Request => &mut protocol.request,
            Side::Response => &mut protocol.response,
        };
        if taken.is_some() {
            let message = format!("redefine {} in protocol {}", side.word(), protocol.name);
            return Err(fault(place(&self.files, spot), message, None));
        }
        match message {
            // Never the type `nil`, even if there is one.
            Message::Named("nil") => protocol.confirm |= side == Side::Response,
            Message::Named(name) => *taken = Some(name.into()),
            Message::Inline(members) => {
                let name: Cow<'t, str> = format!("{}.{}", protocol.name, side.word()).into();
                let fields = self.add_members(spot.file, &name, members)?;
                // Replaces a type of this name without a word, as the reference does.
                self.types.insert(name.clone(), DraftType { spot, doc: Box::default(), fields });
                *taken = Some(name);
            }
        }
        Ok(())
    }
}

/// The fields of one type while they are collected.
#[derive(Default)]
struct Fields<'t> {
    list: Vec<DraftField<'t>>,
    names: HashMap<&'t str, Spot>,
    tags: HashMap<u64, Spot>,
}

impl<'t> Fields<'t> {
    fn add(
        &mut self,
        spot: Spot,
        owner: &str,
        node: FieldNode<'t>,
        twice: impl Fn(Spot, String, Spot) -> Error,
    ) -> Result<()> {
        if let Some(first) = self.names.insert(node.name, spot) {
            return Err(twice(spot, format!("redefine {} in type {owner}", node.name), first));
        }
        if let Some(first) = self.tags.insert(node.tag, spot) {
            return Err(twice(spot, format!("redefine tag {} in type {owner}", node.tag), first));
        }
        let FieldNode { name, tag, array, typename, brackets, doc, .. } = node;
        self.list.push(DraftField { spot, name, tag, array, typename, brackets, doc });
        Ok(())
    }
}

pub(super) fn twice(place: Place, message: String, first: Place) -> Error {
    Error::Schema(Box::new(SchemaError { place, message, first: Some(first), help: None }))
}

pub(super) fn fault(place: Place, message: String, help: Option<&'static str>) -> Error {
    Error::Schema(Box::new(SchemaError { place, message, first: None, help }))
}
