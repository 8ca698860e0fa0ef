//! A host that tells who calls: `GET /` answers with the source address that it sees.

use crate::http1::Reply;
use crate::server::api::Call;

pub(crate) fn reply(call: &Call<'_>) -> Reply {
    let text = |status: u16, text: String| {
        Reply::new(status).with("Server", "echo").with_body("text/plain; charset=utf-8", text)
    };
    match call.request.path() {
        "/" => text(200, format!("{}\n", call.observed)),
        _ => text(404, "not found\n".to_owned()),
    }
}
