//! Variables and arguments: from what a client wrote to values of the schema's types.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::ast::{Field, Query, Type, Value as Written};
use super::location;
use super::schema::{Schema, Shape};

/// The values of all variables that have one.
pub(super) type Variables = BTreeMap<String, Value>;

/// Takes the variables of a request, and what is wrong with them.
pub(super) fn variables(
    operation: &Query<'_>,
    given: Option<&Map<String, Value>>,
) -> Result<Variables, Vec<Value>> {
    let (mut values, mut errors) = (Variables::new(), Vec::new());
    for definition in &operation.variable_definitions {
        let given = given.and_then(|given| given.get(definition.name)).cloned();
        let default =
            || definition.default_value.as_ref().and_then(|default| literal(default, &Variables::new()));
        let value = given.or_else(default);
        let wrong = match &value {
            None if matches!(definition.var_type, Type::NonNullType(_)) => {
                Some("Expected value to not be null".to_owned())
            }
            None => None,
            Some(value) => check(value, &definition.var_type),
        };
        if let Some(explanation) = wrong {
            errors.push(json!({
                "message": format!("Variable ${} of type {} was provided invalid value", definition.name, definition.var_type),
                "locations": location(definition.position),
                "extensions": { "value": value, "problems": [{ "path": [], "explanation": explanation }] },
            }));
        } else if let Some(value) = value {
            values.insert(definition.name.to_owned(), value);
        }
    }
    if errors.is_empty() { Ok(values) } else { Err(errors) }
}

/// The arguments of a field: as written, else by the schema's default, else absent.
pub(super) fn of_field(owner: &str, field: &Field<'_>, variables: &Variables) -> Map<String, Value> {
    let mut arguments = Map::new();
    let Some(defined) = Schema::published().field(owner, field.name) else { return arguments };
    for argument in &defined.arguments {
        let written = field.arguments.iter().find(|(name, _)| *name == argument.name);
        let value = written.and_then(|(_, value)| literal(value, variables));
        let default = || argument.default_value.as_ref().and_then(|default| literal(default, variables));
        if let Some(value) = value.or_else(default) {
            arguments.insert(argument.name.to_owned(), value);
        }
    }
    arguments
}

/// Whether a directive's `if` holds.
pub(super) fn holds(arguments: &[(&str, Written<'_>)], variables: &Variables) -> bool {
    let condition =
        arguments.iter().find(|(name, _)| *name == "if").and_then(|(_, value)| literal(value, variables));
    condition == Some(Value::Bool(true))
}

/// The value of a literal; nothing for a variable without a value.
fn literal(written: &Written<'_>, variables: &Variables) -> Option<Value> {
    Some(match written {
        Written::Variable(name) => variables.get(*name)?.clone(),
        Written::Int(number) => json!(number.as_i64()),
        Written::Float(number) => json!(number),
        Written::String(text) => json!(text),
        Written::Boolean(truth) => json!(truth),
        Written::Null => Value::Null,
        Written::Enum(name) => json!(name),
        Written::List(items) => {
            items.iter().map(|item| literal(item, variables).unwrap_or_default()).collect()
        }
        Written::Object(fields) => {
            let fields = fields
                .iter()
                .filter_map(|(name, value)| Some(((*name).to_owned(), literal(value, variables)?)));
            Value::Object(fields.collect())
        }
    })
}

/// What is wrong with a value of a type, if anything is.
pub(super) fn check(value: &Value, of: &Type<'_>) -> Option<String> {
    match (of, value) {
        (Type::NonNullType(_), Value::Null) => Some("Expected value to not be null".to_owned()),
        (Type::NonNullType(inner), value) => check(value, inner),
        (_, Value::Null) => None,
        (Type::ListType(inner), Value::Array(items)) => items.iter().find_map(|item| check(item, inner)),
        (Type::ListType(inner), value) => check(value, inner),
        (Type::NamedType(name), value) => {
            let fits = match (*name, Schema::published().shape(name)) {
                ("Int", _) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
                ("Float", _) => value.is_number(),
                ("Boolean", _) => value.is_boolean(),
                ("ID", _) => value.is_string() || value.is_i64(),
                (_, Some(Shape::Enum(names))) => value.as_str().is_some_and(|word| names.contains(&word)),
                (_, Some(Shape::Input(fields))) => {
                    return match value.as_object() {
                        None => Some(format!("Expected value to be of type {name}")),
                        Some(object) => fields.iter().find_map(|field| {
                            check(object.get(field.name).unwrap_or(&Value::Null), &field.value_type)
                        }),
                    };
                }
                _ => value.is_string(),
            };
            (!fits).then(|| format!("Could not coerce value {value} to {name}"))
        }
    }
}

/// What is wrong with an argument as written, where that can be told before there are variables.
pub(super) fn check_written(written: &Written<'_>, of: &Type<'_>) -> bool {
    let holds_variables = match written {
        Written::Variable(_) => true,
        Written::List(items) => items.iter().any(|item| matches!(item, Written::Variable(_))),
        Written::Object(fields) => fields.values().any(|value| matches!(value, Written::Variable(_))),
        _ => false,
    };
    holds_variables || literal(written, &Variables::new()).is_some_and(|value| check(&value, of).is_none())
}
