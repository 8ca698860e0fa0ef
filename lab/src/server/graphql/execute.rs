//! Execution: fields are collected, resolved and completed; what fails becomes null as far up as the schema lets it.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::arguments::{self, Variables};
use super::ast::{Directive, Document, Field, Fragment, Query, Selection, SelectionSet, Type, TypeCondition};
use super::location;
use super::resolve::{Object, Resolved, Resolver};
use super::schema::{Schema, SchemaType};
use super::validate::fragments;

/// The whole reply: `data`, and `errors` if there are any.
pub(super) fn execute<'q>(
    document: &Document<'q>,
    operation: &Query<'q>,
    variables: &Variables,
    resolver: &Resolver<'_>,
) -> Value {
    let mut execution = Execution { fragments: fragments(document), variables, resolver, errors: Vec::new() };
    let data = execution.object(&Object::Query, &[&operation.selection_set], &mut Vec::new());
    let data = data.unwrap_or(Value::Null);
    match execution.errors.is_empty() {
        true => json!({ "data": data }),
        false => json!({ "data": data, "errors": execution.errors }),
    }
}

/// Something that must not be null failed: whatever holds it becomes null in its place.
struct Failed;

struct Execution<'a, 'q> {
    fragments: BTreeMap<&'q str, &'a Fragment<'q>>,
    variables: &'a Variables,
    resolver: &'a Resolver<'a>,
    errors: Vec<Value>,
}

/// The fields under one key of a reply, which are merged.
type Collected<'a, 'q> = Vec<(&'q str, Vec<&'a Field<'q>>)>;

impl<'a, 'q> Execution<'a, 'q> {
    fn object(
        &mut self,
        object: &Object,
        sets: &[&'a SelectionSet<'q>],
        path: &mut Vec<Value>,
    ) -> Result<Value, Failed> {
        let type_name = object.type_name();
        let mut collected = Collected::new();
        for set in sets {
            self.collect(type_name, set, &mut collected);
        }
        let mut out = Map::new();
        for (key, fields) in collected {
            let Some(first) = fields.first() else { continue };
            if first.name == "__typename" {
                out.insert(key.to_owned(), json!(type_name));
                continue;
            }
            let Some(defined) = Schema::published().field(type_name, first.name) else { continue };
            path.push(json!(key));
            let arguments = arguments::of_field(type_name, first, self.variables);
            let completed = match self.resolver.resolve(object, first.name, &arguments) {
                Ok(resolved) => self.complete(&defined.field_type, resolved, &fields, path),
                Err(mut error) => {
                    error["path"] = json!(path);
                    error["locations"] = location(first.position);
                    self.errors.push(error);
                    Err(Failed)
                }
            };
            path.pop();
            match (completed, &defined.field_type) {
                (Ok(value), _) => out.insert(key.to_owned(), value),
                (Err(Failed), Type::NonNullType(_)) => return Err(Failed),
                (Err(Failed), _) => out.insert(key.to_owned(), Value::Null),
            };
        }
        Ok(Value::Object(out))
    }

    fn complete(
        &mut self,
        of: &SchemaType,
        resolved: Resolved,
        fields: &[&'a Field<'q>],
        path: &mut Vec<Value>,
    ) -> Result<Value, Failed> {
        let sets: Vec<&SelectionSet<'q>> = fields.iter().map(|field| &field.selection_set).collect();
        match resolved {
            Resolved::Leaf(Value::Null) if matches!(of, Type::NonNullType(_)) => Err(Failed),
            Resolved::Leaf(value) => Ok(value),
            Resolved::Object(object) => self.object(&object, &sets, path),
            Resolved::List(objects) => {
                let mut items = Vec::with_capacity(objects.len());
                for (index, object) in objects.iter().enumerate() {
                    path.push(json!(index));
                    // The elements of all lists of this schema may be null.
                    items.push(self.object(object, &sets, path).unwrap_or(Value::Null));
                    path.pop();
                }
                Ok(Value::Array(items))
            }
        }
    }

    /// The fields of a selection set that apply to an object of this type, in order, fragments laid open.
    fn collect(&self, type_name: &str, set: &'a SelectionSet<'q>, into: &mut Collected<'a, 'q>) {
        let applies = |condition: &Option<TypeCondition<'q>>| match condition {
            Some(TypeCondition::On(on)) => Schema::published().is_a(type_name, on),
            None => true,
        };
        for selection in &set.items {
            match selection {
                Selection::Field(field) if self.is_wanted(&field.directives) => {
                    let key = field.alias.unwrap_or(field.name);
                    match into.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, fields)) => fields.push(field),
                        None => into.push((key, vec![field])),
                    }
                }
                Selection::InlineFragment(fragment)
                    if self.is_wanted(&fragment.directives) && applies(&fragment.type_condition) =>
                {
                    self.collect(type_name, &fragment.selection_set, into);
                }
                Selection::FragmentSpread(spread) if self.is_wanted(&spread.directives) => {
                    let fragment = self.fragments.get(spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|f| applies(&Some(f.type_condition.clone()))) {
                        self.collect(type_name, &fragment.selection_set, into);
                    }
                }
                _ => {}
            }
        }
    }

    fn is_wanted(&self, directives: &[Directive<'q>]) -> bool {
        directives.iter().all(|directive| match directive.name {
            "skip" => !arguments::holds(&directive.arguments, self.variables),
            "include" => arguments::holds(&directive.arguments, self.variables),
            _ => true,
        })
    }
}
