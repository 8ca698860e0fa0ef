//! The servers of a world, one file per kind.

pub(crate) mod api;
pub(crate) mod browser;
pub(crate) mod cloud;
mod echo;
pub(crate) mod ghes;
mod graphql;
pub(crate) mod name_server;
pub(crate) mod origin;
pub(crate) mod proxy;
mod trouble;
pub(crate) mod web;
