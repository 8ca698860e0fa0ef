//! What an access log of the lab says in the end of a command that might have changed something.

use gh_connect_lab::{Asks, Event};

/// Two lines: of pages, those that came after the first `checked` events, which are the check's own; of the APIs, all.
pub(crate) fn told(log: &[Event], checked: usize) -> String {
    let (check, after) = log.split_at(checked.min(log.len()));
    let visits = after.iter().filter(|event| matches!(event, Event::Visit { .. })).count();
    let changed = after.iter().filter(|event| matches!(event, Event::Visit { changed: true, .. })).count();
    let of_apis = |events: &[Event]| events.iter().filter(|event| asks(event) != Asks::Page).count();
    let changes = log.iter().filter(|event| asks(event) == Asks::Change).count();
    format!(
        "Lab: {visits} requests for pages, {changed} of them changed something.\n\
         Lab: {} requests to APIs by the check and {} after it, {changes} of them asked for a change.\n",
        of_apis(check),
        of_apis(after),
    )
}

fn asks(event: &Event) -> Asks {
    match event {
        Event::Request { asks, .. } => *asks,
        _ => Asks::Page,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(asks: Asks) -> Event {
        Event::Request {
            host: "api.github.com".to_owned(),
            port: 443,
            tls: true,
            through_proxy: false,
            method: "POST".to_owned(),
            path: "/graphql".to_owned(),
            credentials: Vec::new(),
            secrets: Vec::new(),
            asks,
        }
    }

    fn visit(changed: bool) -> Event {
        Event::Visit {
            host: "github.com".to_owned(),
            method: "POST".to_owned(),
            path: "/".to_owned(),
            parameters: Vec::new(),
            signed_in: None,
            changed,
        }
    }

    #[test]
    fn changes_are_counted_on_both_planes_and_a_change_by_the_check_as_well() {
        let log = [
            visit(false),
            request(Asks::Answer),
            request(Asks::Change),
            visit(false),
            visit(true),
            request(Asks::Page),
            request(Asks::Answer),
            request(Asks::Change),
        ];
        assert_eq!(
            told(&log, 3),
            "Lab: 2 requests for pages, 1 of them changed something.\n\
             Lab: 2 requests to APIs by the check and 2 after it, 2 of them asked for a change.\n"
        );
        assert!(told(&log[..1], 9).starts_with("Lab: 0 requests for pages, 0 of them"));
    }
}
