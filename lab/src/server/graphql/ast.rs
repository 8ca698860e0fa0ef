//! Documents as the parser gives them, their names borrowed from the text.

use graphql_parser::query;

pub(super) use graphql_parser::Pos;
pub(super) use graphql_parser::query::{Definition as AnyDefinition, OperationDefinition as AnyOperation};

pub(super) type Definition<'q> = query::Definition<'q, &'q str>;
pub(super) type Directive<'q> = query::Directive<'q, &'q str>;
pub(super) type Document<'q> = query::Document<'q, &'q str>;
pub(super) type Field<'q> = query::Field<'q, &'q str>;
pub(super) type Fragment<'q> = query::FragmentDefinition<'q, &'q str>;
pub(super) type Operation<'q> = query::OperationDefinition<'q, &'q str>;
pub(super) type Query<'q> = query::Query<'q, &'q str>;
pub(super) type Selection<'q> = query::Selection<'q, &'q str>;
pub(super) type SelectionSet<'q> = query::SelectionSet<'q, &'q str>;
pub(super) type Type<'q> = query::Type<'q, &'q str>;
pub(super) type TypeCondition<'q> = query::TypeCondition<'q, &'q str>;
pub(super) type Value<'q> = query::Value<'q, &'q str>;
