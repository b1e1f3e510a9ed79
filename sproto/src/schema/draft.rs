//! Collects declarations from syntax trees, in text order: names are made full, duplicates refused, nothing looked up yet.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::error::{Error, Place, Result, SchemaError};
use crate::syntax::{self, Bracket, FieldNode, Item, Member, Message, ProtocolNode, Side, TypeNode};

/// All that the files declare.
#[derive(Default)]
pub(super) struct Draft {
    pub types: BTreeMap<String, DraftType>,
    pub protocols: Vec<DraftProtocol>,
    protocol_places: HashMap<String, Place>,
}

pub(super) struct DraftType {
    pub place: Place,
    pub doc: String,
    /// Ascending by tag.
    pub fields: Vec<DraftField>,
}

pub(super) struct DraftField {
    pub place: Place,
    pub name: String,
    pub tag: u64,
    pub array: bool,
    pub typename: String,
    pub brackets: Vec<Bracket>,
    pub doc: String,
}

pub(super) struct DraftProtocol {
    pub place: Place,
    pub name: String,
    pub tag: u64,
    pub request: Option<String>,
    pub response: Option<String>,
    pub confirm: bool,
    pub doc: String,
}

impl Draft {
    pub(super) fn add_file(&mut self, name: &str, text: &str) -> Result<()> {
        let file = Arc::from(name);
        for item in syntax::parse(&file, text)? {
            match item {
                Item::Type(node) => self.add_type(&file, node.name.clone(), node)?,
                Item::Protocol(node) => self.add_protocol(&file, node)?,
            }
        }
        Ok(())
    }

    fn add_type(&mut self, file: &Arc<str>, name: String, node: TypeNode) -> Result<()> {
        let place = Place { file: Arc::clone(file), line: node.line };
        if let Some(first) = self.types.get(&name) {
            return Err(twice(place, format!("redefined {name}"), &first.place));
        }
        let fields = self.add_members(file, &name, node.members)?;
        self.types.insert(name, DraftType { place, doc: node.doc, fields });
        Ok(())
    }

    fn add_members(&mut self, file: &Arc<str>, name: &str, members: Vec<Member>) -> Result<Vec<DraftField>> {
        let mut fields = Fields::default();
        for member in members {
            match member {
                Member::Field(node) => fields.add(file, name, node)?,
                Member::Type(node) => self.add_type(file, format!("{name}.{}", node.name), node)?,
            }
        }
        fields.list.sort_by_key(|field| field.tag);
        fields.list.shrink_to_fit();
        Ok(fields.list)
    }

    fn add_protocol(&mut self, file: &Arc<str>, node: ProtocolNode) -> Result<()> {
        let place = Place { file: Arc::clone(file), line: node.line };
        if let Some(first) = self.protocol_places.get(&node.name) {
            return Err(twice(place, format!("redefined {}", node.name), first));
        }
        let mut protocol = DraftProtocol {
            place: place.clone(),
            name: node.name.clone(),
            tag: node.tag,
            request: None,
            response: None,
            confirm: false,
            doc: node.doc,
        };
        for (side, line, message) in node.messages {
            let place = Place { file: Arc::clone(file), line };
            self.add_message(&mut protocol, place, side, message)?;
        }
        protocol.confirm &= protocol.response.is_none();
        self.protocol_places.insert(node.name, place);
        self.protocols.push(protocol);
        Ok(())
    }

    fn add_message(
        &mut self,
        protocol: &mut DraftProtocol,
        place: Place,
        side: Side,
        message: Message,
    ) -> Result<()> {
        let taken = match side {
            Side::Request => &mut protocol.request,
            Side::Response => &mut protocol.response,
        };
        if taken.is_some() {
            return Err(fault(
                place,
                format!("redefine {} in protocol {}", side.word(), protocol.name),
                None,
            ));
        }
        match message {
            // Never the type `nil`, even if there is one.
            Message::Named(name) if name == "nil" => protocol.confirm |= side == Side::Response,
            Message::Named(name) => *taken = Some(name),
            Message::Inline(members) => {
                let name = format!("{}.{}", protocol.name, side.word());
                let fields = self.add_members(&place.file, &name, members)?;
                // Replaces a type of this name without a word, as the reference does.
                self.types.insert(name.clone(), DraftType { place, doc: String::new(), fields });
                *taken = Some(name);
            }
        }
        Ok(())
    }
}

/// The fields of one type while they are collected.
#[derive(Default)]
struct Fields {
    list: Vec<DraftField>,
    names: HashMap<String, Place>,
    tags: HashMap<u64, Place>,
}

impl Fields {
    fn add(&mut self, file: &Arc<str>, owner: &str, node: FieldNode) -> Result<()> {
        let place = Place { file: Arc::clone(file), line: node.line };
        if let Some(first) = self.names.insert(node.name.clone(), place.clone()) {
            return Err(twice(place, format!("redefine {} in type {owner}", node.name), &first));
        }
        if let Some(first) = self.tags.insert(node.tag, place.clone()) {
            return Err(twice(place, format!("redefine tag {} in type {owner}", node.tag), &first));
        }
        let FieldNode { name, tag, array, typename, brackets, doc, .. } = node;
        self.list.push(DraftField { place, name, tag, array, typename, brackets, doc });
        Ok(())
    }
}

pub(super) fn twice(place: Place, message: String, first: &Place) -> Error {
    Error::Schema(Box::new(SchemaError { place, message, first: Some(first.clone()), help: None }))
}

pub(super) fn fault(place: Place, message: String, help: Option<&'static str>) -> Error {
    Error::Schema(Box::new(SchemaError { place, message, first: None, help }))
}
