//! The lab's part of GitHub's published schema.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use graphql_parser::schema::{Definition, Field, InputValue, Type, TypeDefinition, parse_schema};

/// A type, borrowed from the text of the schema.
pub(super) type SchemaType = Type<'static, &'static str>;

/// All types by their names.
pub(super) struct Schema(BTreeMap<&'static str, Shape>);

/// What a type is made of.
pub(super) enum Shape {
    Object(Vec<Field<'static, &'static str>>),
    Union(Vec<&'static str>),
    Enum(Vec<&'static str>),
    Input(Vec<InputValue<'static, &'static str>>),
    Scalar,
}

impl Schema {
    pub(super) fn published() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(Schema::read)
    }

    fn read() -> Schema {
        let document = parse_schema::<&str>(TEXT).expect("the schema beside this file is a schema");
        let mut types: BTreeMap<&str, Shape> =
            ["Boolean", "Float", "ID", "Int", "String"].map(|name| (name, Shape::Scalar)).into();
        for definition in document.definitions {
            let Definition::TypeDefinition(definition) = definition else { continue };
            let (name, shape) = match definition {
                TypeDefinition::Object(object) => (object.name, Shape::Object(object.fields)),
                TypeDefinition::Union(union) => (union.name, Shape::Union(union.types)),
                TypeDefinition::Enum(of) => {
                    (of.name, Shape::Enum(of.values.into_iter().map(|value| value.name).collect()))
                }
                TypeDefinition::InputObject(input) => (input.name, Shape::Input(input.fields)),
                TypeDefinition::Scalar(scalar) => (scalar.name, Shape::Scalar),
                TypeDefinition::Interface(_) => continue,
            };
            types.insert(name, shape);
        }
        Schema(types)
    }

    pub(super) fn shape(&self, name: &str) -> Option<&Shape> {
        self.0.get(name)
    }

    /// A field of an object type.
    pub(super) fn field(&self, owner: &str, name: &str) -> Option<&Field<'static, &'static str>> {
        match self.shape(owner)? {
            Shape::Object(fields) => fields.iter().find(|field| field.name == name),
            _ => None,
        }
    }

    /// Whether an object of the type `object` is one of `condition`.
    pub(super) fn is_a(&self, object: &str, condition: &str) -> bool {
        object == condition
            || matches!(self.shape(condition), Some(Shape::Union(members)) if members.contains(&object))
    }

    /// Whether something can be of both types.
    pub(super) fn overlap(&self, one: &str, other: &str) -> bool {
        let members = |name: &str| match self.shape(name) {
            Some(Shape::Union(members)) => members.clone(),
            _ => Vec::new(),
        };
        self.is_a(one, other)
            || self.is_a(other, one)
            || members(one).iter().any(|member| members(other).contains(member))
    }
}

/// The name at the heart of a type.
pub(super) fn named<'q>(of: &Type<'q, &'q str>) -> &'q str {
    match of {
        Type::NamedType(name) => name,
        Type::ListType(inner) | Type::NonNullType(inner) => named(inner),
    }
}

const TEXT: &str = include_str!("schema.graphql");
