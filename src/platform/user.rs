//! Who runs this program.

use std::time::Duration;

use gh_connect_engine::shown;

use super::printed;
use crate::environment::Environment;

/// The name that the system has for the user of this process. Only where it has none, what the environment says: anybody can set that.
pub(crate) async fn user(environment: &Environment) -> String {
    let known = match of_system() {
        Some(name) => Some(name),
        // A directory service knows more users than the file.
        None if cfg!(unix) => printed("/usr/bin/id", &["-un"], MOST_ASKED).await,
        None => None,
    };
    let known = known.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let said = || ["USER", "USERNAME"].into_iter().find_map(|name| environment.text(name)).map(str::to_owned);
    let name = known.or_else(said).unwrap_or_else(|| "the user of this machine".to_owned());
    shown(&name, MOST_NAME)
}

#[cfg(unix)]
fn of_system() -> Option<String> {
    use gh_connect_engine::{Effects as _, Machine};

    let users = Machine.read(std::path::Path::new("/etc/passwd")).ok()?;
    named(&String::from_utf8_lossy(&users), rustix::process::getuid().as_raw())
}

#[cfg(not(unix))]
fn of_system() -> Option<String> {
    None
}

/// The first name of a user in the file of users: `name:password:uid:…`.
#[cfg(unix)]
fn named(users: &str, uid: u32) -> Option<String> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, id) = (fields.next()?, fields.nth(1)?);
        (id.parse() == Ok(uid) && !name.is_empty()).then(|| name.to_owned())
    })
}

const MOST_ASKED: Duration = Duration::from_secs(2);
const MOST_NAME: usize = 100;

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_named_by_their_id() {
        let users = "root:x:0:0:root:/root:/bin/bash\n# a line\n+::::::\nana:x:1000:1000::/home/ana:/bin/sh\nbea:x:1000:1::/:/bin/sh\n";
        let name = |uid| named(users, uid);
        assert_eq!((name(0), name(1000)), (Some("root".to_owned()), Some("ana".to_owned())));
        assert_eq!((name(7), named("", 0)), (None, None));
    }
}
