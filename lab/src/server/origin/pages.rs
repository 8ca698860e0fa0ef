//! The replies of those who stand in GitHub's place: gateways, portals, web servers.

use crate::http1::Reply;

/// A secure web gateway's block page.
pub(crate) fn block_page(host: &str) -> Reply {
    let body = format!(
        "<!DOCTYPE html>\n<html><head><title>Access denied</title></head><body>\n<h1>Access denied</h1>\n\
         <p>Access to <b>{host}</b> is blocked by the security policy of your organization.</p>\n\
         <p>Category: Software development. Policy: default-deny.</p>\n\
         <p>Contact the service desk and quote reference 7F3A-0091.</p>\n</body></html>\n"
    );
    Reply::new(403)
        .with("Server", "Corp Web Gateway")
        .with("Cache-Control", "no-store")
        .with_body("text/html; charset=utf-8", body)
}

/// A single sign-on gateway's form.
pub(crate) fn login_page(location: Option<&str>) -> Reply {
    if let Some(location) = location {
        return redirect(302, location);
    }
    let body = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>\n<h1>Corp single sign-on</h1>\n\
        <form method=\"post\" action=\"/sso/login\">\n<input name=\"username\"><input name=\"password\" type=\"password\">\n\
        <button>Sign in</button>\n</form></body></html>\n";
    Reply::new(200).with("Cache-Control", "no-store").with_body("text/html; charset=utf-8", body)
}

pub(crate) fn redirect(status: u16, location: &str) -> Reply {
    Reply::new(status).with("Location", location)
}

pub(crate) fn bad_request() -> Reply {
    Reply::new(400).with("Server", "nginx").with_body(
        "text/html",
        "<html>\n<head><title>400 Bad Request</title></head>\n<body><center><h1>400 Bad Request</h1></center></body>\n</html>\n",
    )
}

/// Where a guest network sends its guests.
pub(crate) const PORTAL: &str = "http://portal.guest.example/welcome";
