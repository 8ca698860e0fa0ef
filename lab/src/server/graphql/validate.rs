//! Validation of a document before anything is executed, in the words of the real one's library.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ast::{
    AnyDefinition, Definition, Directive, Document, Field, Fragment, Pos, Query, Selection, SelectionSet,
    Type, TypeCondition, Value as Written,
};
use super::schema::{Schema, SchemaType, Shape, named};
use super::{arguments, location};

/// A field that a document selects.
pub(super) struct Used {
    /// The type that it is a field of.
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) position: Pos,
}

/// Every field that the operation selects, or everything that is wrong.
pub(super) fn validate<'q>(document: &Document<'q>, operation: &Query<'q>) -> Result<Vec<Used>, Vec<Value>> {
    let mut walk = Walk {
        operation,
        fragments: fragments(document),
        used: Vec::new(),
        variables: BTreeSet::new(),
        errors: Vec::new(),
        within: Vec::new(),
        steps: 0,
    };
    let root = match operation.name {
        Some(name) => format!("query {name}"),
        None => "query".to_owned(),
    };
    walk.selections("Query", &operation.selection_set, &mut vec![root]);
    for definition in &operation.variable_definitions {
        if !walk.variables.contains(definition.name) {
            let message = format!(
                "Variable ${} is declared by {} but not used",
                definition.name,
                operation.name.unwrap_or("anonymous query")
            );
            walk.errors.push(json!({
                "message": message,
                "locations": location(definition.position),
                "extensions": { "code": "variableNotUsed", "variableName": definition.name },
            }));
        }
    }
    if walk.errors.is_empty() { Ok(walk.used) } else { Err(walk.errors) }
}

/// All fragments by their names.
pub(super) fn fragments<'a, 'q>(document: &'a Document<'q>) -> BTreeMap<&'q str, &'a Fragment<'q>> {
    let fragment = |definition: &'a Definition<'q>| match definition {
        AnyDefinition::Fragment(fragment) => Some((fragment.name, fragment)),
        AnyDefinition::Operation(_) => None,
    };
    document.definitions.iter().filter_map(fragment).collect()
}

struct Walk<'a, 'q> {
    operation: &'a Query<'q>,
    fragments: BTreeMap<&'q str, &'a Fragment<'q>>,
    used: Vec<Used>,
    variables: BTreeSet<&'q str>,
    errors: Vec<Value>,
    /// The fragments that the walk is within.
    within: Vec<&'q str>,
    steps: usize,
}

impl<'a, 'q> Walk<'a, 'q> {
    fn wrong(&mut self, message: String, code: &str, position: Pos, path: &[String]) {
        self.errors.push(json!({
            "path": path,
            "extensions": { "code": code },
            "locations": location(position),
            "message": message,
        }));
    }

    fn selections(&mut self, owner: &str, set: &'a SelectionSet<'q>, path: &mut Vec<String>) {
        for selection in &set.items {
            self.steps += 1;
            // Fragments in fragments can make much of little.
            if self.steps > MAX_STEPS || self.errors.len() > MAX_ERRORS {
                return;
            }
            match selection {
                Selection::Field(field) => self.field(owner, field, path),
                Selection::InlineFragment(fragment) => {
                    self.directives(&fragment.directives);
                    let Some(TypeCondition::On(on)) = fragment.type_condition else {
                        self.selections(owner, &fragment.selection_set, path);
                        continue;
                    };
                    self.fragment(owner, on, &fragment.selection_set, fragment.position, path);
                }
                Selection::FragmentSpread(spread) => {
                    self.directives(&spread.directives);
                    let name = spread.fragment_name;
                    let Some(&fragment) = self.fragments.get(name) else {
                        let message = format!("Fragment {name} was used, but not defined");
                        self.wrong(message, "useAndDefineFragment", spread.position, path);
                        continue;
                    };
                    if self.within.contains(&name) {
                        let message = format!("Fragment {name} contains an infinite loop");
                        self.wrong(message, "infiniteLoop", spread.position, path);
                        continue;
                    }
                    let TypeCondition::On(on) = fragment.type_condition;
                    self.within.push(name);
                    self.fragment(owner, on, &fragment.selection_set, fragment.position, path);
                    self.within.pop();
                }
            }
        }
    }

    fn fragment(
        &mut self,
        owner: &str,
        on: &'q str,
        set: &'a SelectionSet<'q>,
        position: Pos,
        path: &mut Vec<String>,
    ) {
        let schema = Schema::published();
        if schema.shape(on).is_none() {
            self.wrong(
                format!("No such type {on}, so it can't be a fragment condition"),
                "undefinedType",
                position,
                path,
            );
        } else if schema.overlap(owner, on) {
            self.selections(on, set, path);
        } else {
            let message = format!("Fragment on {on} can't be spread inside {owner}");
            self.wrong(message, "cannotSpreadFragment", position, path);
        }
    }

    fn field(&mut self, owner: &str, field: &'a Field<'q>, path: &mut Vec<String>) {
        self.directives(&field.directives);
        if field.name == "__typename" {
            return;
        }
        path.push(field.alias.unwrap_or(field.name).to_owned());
        let schema = Schema::published();
        match schema.field(owner, field.name) {
            None => self.errors.push(json!({
                "path": path,
                "extensions": { "code": "undefinedField", "typeName": owner, "fieldName": field.name },
                "locations": location(field.position),
                "message": format!("Field '{}' doesn't exist on type '{owner}'", field.name),
            })),
            Some(defined) => {
                self.used.push(Used {
                    owner: owner.to_owned(),
                    name: field.name.to_owned(),
                    position: field.position,
                });
                self.arguments(field, &defined.arguments, path);
                let returned = named(&defined.field_type);
                let composite = matches!(schema.shape(returned), Some(Shape::Object(_) | Shape::Union(_)));
                match (composite, field.selection_set.items.is_empty()) {
                    (true, true) => {
                        let name = field.name;
                        let message = format!(
                            "Field must have selections (field '{name}' returns {returned} but has no selections. Did you \
                             mean '{name} {{ ... }}'?)"
                        );
                        self.wrong(message, "selectionMismatch", field.position, path);
                    }
                    (false, false) => {
                        let message = format!(
                            "Selections can't be made on scalars (field '{}' returns {returned} but has selections)",
                            field.name
                        );
                        self.wrong(message, "selectionMismatch", field.position, path);
                    }
                    (true, false) => self.selections(returned, &field.selection_set, path),
                    (false, true) => {}
                }
            }
        }
        path.pop();
    }

    fn arguments(
        &mut self,
        field: &'a Field<'q>,
        defined: &'static [graphql_parser::schema::InputValue<'static, &'static str>],
        path: &[String],
    ) {
        for (name, value) in &field.arguments {
            self.variables_in(value, field.position, path);
            let Some(argument) = defined.iter().find(|argument| argument.name == *name) else {
                let message = format!("Field '{}' doesn't accept argument '{name}'", field.name);
                self.wrong(message, "argumentNotAccepted", field.position, path);
                continue;
            };
            let expected = &argument.value_type;
            if let Written::Variable(variable) = value {
                let definitions = &self.operation.variable_definitions;
                let Some(definition) = definitions.iter().find(|definition| definition.name == *variable)
                else {
                    continue;
                };
                let has_default = definition.default_value.is_some() || argument.default_value.is_some();
                if !usable(&definition.var_type, expected, has_default) {
                    let message = format!(
                        "Type mismatch on variable ${variable} and argument {name} ({} / {expected})",
                        definition.var_type
                    );
                    self.wrong(message, "variableMismatch", field.position, path);
                }
            } else if !arguments::check_written(value, expected) {
                let message = format!(
                    "Argument '{name}' on Field '{}' has an invalid value ({value}). Expected type '{expected}'.",
                    field.name
                );
                self.wrong(message, "argumentLiteralsIncompatible", field.position, path);
            }
        }
        let missing: Vec<&str> = defined
            .iter()
            .filter(|argument| {
                matches!(argument.value_type, Type::NonNullType(_)) && argument.default_value.is_none()
            })
            .map(|argument| argument.name)
            .filter(|name| !field.arguments.iter().any(|(given, _)| given == name))
            .collect();
        if !missing.is_empty() {
            let message =
                format!("Field '{}' is missing required arguments: {}", field.name, missing.join(", "));
            self.wrong(message, "missingRequiredArguments", field.position, path);
        }
    }

    fn directives(&mut self, directives: &'a [Directive<'q>]) {
        for directive in directives {
            if !["include", "skip"].contains(&directive.name) {
                let message = format!("Directive @{} is not defined", directive.name);
                self.wrong(message, "undefinedDirective", directive.position, &[]);
            }
            for (_, value) in &directive.arguments {
                self.variables_in(value, directive.position, &[]);
            }
        }
    }

    /// Notes the variables in a value, and those that nobody declared.
    fn variables_in(&mut self, value: &Written<'q>, position: Pos, path: &[String]) {
        match value {
            Written::Variable(name) => {
                self.variables.insert(name);
                if !self.operation.variable_definitions.iter().any(|definition| definition.name == *name) {
                    let by = self.operation.name.unwrap_or("anonymous query");
                    let message = format!("Variable ${name} is used by {by} but not declared");
                    self.wrong(message, "variableNotDefined", position, path);
                }
            }
            Written::List(items) => items.iter().for_each(|item| self.variables_in(item, position, path)),
            Written::Object(fields) => {
                fields.values().for_each(|field| self.variables_in(field, position, path));
            }
            _ => {}
        }
    }
}

/// Whether a variable of one type can stand where another is expected.
fn usable(variable: &Type<'_>, expected: &SchemaType, has_default: bool) -> bool {
    match (variable, expected) {
        (Type::NonNullType(inner), Type::NonNullType(expected)) => usable(inner, expected, false),
        (Type::NonNullType(inner), expected) => usable(inner, expected, false),
        (variable, Type::NonNullType(expected)) => has_default && usable(variable, expected, false),
        (Type::ListType(inner), Type::ListType(expected)) => usable(inner, expected, false),
        (Type::NamedType(name), Type::NamedType(expected)) => name == expected,
        _ => false,
    }
}

const MAX_STEPS: usize = 10_000;
const MAX_ERRORS: usize = 100;
