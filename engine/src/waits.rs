//! Who waits for what: so that a run which is cut short knows the one measurement that all the others waited for.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Mutex, PoisonError},
};

use crate::Fact;

/// Id and key of a fact.
pub(crate) type FactKey = (String, String);

/// Who asks for a fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asker {
    /// The examination of a check's subject, by their places in the registry and in the check.
    Examination(usize, usize),
    /// Another fact.
    Fact(FactKey),
    /// Nobody of whom a run that is cut short has to know.
    Nobody,
}

tokio::task_local! {
    static ASKER: Asker;
}

/// Runs `work`; what it asks for, `asker` asks for.
pub(crate) fn by<W: Future>(asker: Asker, work: W) -> impl Future<Output = W::Output> {
    ASKER.scope(asker, work)
}

/// Every wait of this moment.
#[derive(Default)]
pub(crate) struct Waits(Mutex<Standstill>);

/// A wait. It ends with this value.
pub(crate) struct Wait<'a>(Option<(&'a Waits, Asker, FactKey)>);

impl Waits {
    /// Whoever runs here begins to wait for a fact.
    pub(crate) fn begin<F: Fact>(&self, fact: &FactKey) -> Wait<'_> {
        let Ok(asker) = ASKER.try_with(Clone::clone) else { return Wait(None) };
        if asker == Asker::Nobody {
            return Wait(None);
        }
        self.with(|waits| {
            waits.owners.entry(F::ID).or_insert(F::OWNERS);
            waits.waits.entry(asker.clone()).or_default().push(fact.clone());
        });
        Wait(Some((self, asker, fact.clone())))
    }

    /// Everybody's wait, as it stands.
    pub(crate) fn now(&self) -> Standstill {
        self.with(|waits| waits.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Standstill) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some((waits, asker, fact)) = self.0.take() else { return };
        waits.with(|Standstill { waits, .. }| {
            let Some(facts) = waits.get_mut(&asker) else { return };
            if let Some(at) = facts.iter().position(|waited| *waited == fact) {
                facts.swap_remove(at);
            }
            if facts.is_empty() {
                waits.remove(&asker);
            }
        });
    }
}

/// Who waited for what when a run was cut short.
#[derive(Clone, Default)]
pub(crate) struct Standstill {
    waits: BTreeMap<Asker, Vec<FactKey>>,
    /// [`Fact::OWNERS`], by [`Fact::ID`].
    owners: BTreeMap<&'static str, &'static [&'static str]>,
}

impl Standstill {
    /// The measurements that `asker` waits for and that wait for none themselves.
    pub(crate) fn ends(&self, asker: &Asker) -> BTreeSet<FactKey> {
        let (mut ends, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut next: Vec<&FactKey> = self.waits_of(asker).iter().collect();
        while let Some(fact) = next.pop() {
            if !seen.insert(fact) {
                continue;
            }
            match self.waits.get(&Asker::Fact(fact.clone())) {
                Some(further) => next.extend(further),
                None => drop(ends.insert(fact.clone())),
            }
        }
        ends
    }

    /// The check to which the reason belongs why `asker` still waits. `None` where that is `asker` itself, or nobody, and for
    /// a fact that a check waits for: judged again, that check must wait for it again, and end as it did.
    /// `checks` are the ids of the registry.
    pub(crate) fn owner(&self, asker: &Asker, checks: &[&'static str]) -> Option<&'static str> {
        let ends = self.ends(asker);
        if matches!(asker, Asker::Fact(fact) if ends.contains(fact) || self.is_examined(fact)) {
            return None;
        }
        let own = match asker {
            Asker::Examination(check, _) => checks.get(*check).copied(),
            Asker::Fact(_) | Asker::Nobody => None,
        };
        let owners: Vec<&str> = ends.iter().filter_map(|end| self.owner_of(end, checks)).collect();
        if own.is_some_and(|own| owners.contains(&own)) {
            return None;
        }
        checks.iter().copied().find(|check| owners.contains(check))
    }

    /// The check that tells why `fact` is not measured: one that the fact names and that waits for a fact which names it last,
    /// or the first in the registry that waits for it. Where no check does, it is asked of the facts that wait for it.
    fn owner_of(&self, fact: &FactKey, checks: &[&'static str]) -> Option<&'static str> {
        let (mut facts, mut seen) = (BTreeSet::from([fact]), BTreeSet::new());
        while !facts.is_empty() {
            let mut named = facts.iter().flat_map(|fact| self.owners_of(fact).iter().copied());
            let waits = |check: &&'static str, named: bool| {
                let all = self.waits.iter().filter(
                    |(asker, _)| matches!(asker, Asker::Examination(at, _) if checks.get(*at) == Some(check)),
                );
                all.flat_map(|(_, waited)| waited).any(|waited| match named {
                    true => self.owners_of(waited).last() == Some(check),
                    false => facts.contains(waited),
                })
            };
            let owner = named.find(|check| waits(check, true));
            if let Some(owner) = owner.or_else(|| checks.iter().copied().find(|check| waits(check, false))) {
                return Some(owner);
            }
            seen.extend(facts.iter().copied());
            let waiting = self.waits.iter().filter_map(|(asker, waited)| match asker {
                Asker::Fact(asker) => waited.iter().any(|waited| facts.contains(waited)).then_some(asker),
                Asker::Examination(..) | Asker::Nobody => None,
            });
            facts = waiting.filter(|fact| !seen.contains(fact)).collect();
        }
        None
    }

    /// Whether a check waits for this very fact.
    fn is_examined(&self, fact: &FactKey) -> bool {
        self.waits
            .iter()
            .any(|(asker, waited)| matches!(asker, Asker::Examination(..)) && waited.contains(fact))
    }

    fn waits_of(&self, asker: &Asker) -> &[FactKey] {
        self.waits.get(asker).map_or(&[], Vec::as_slice)
    }

    fn owners_of(&self, (id, _): &FactKey) -> &'static [&'static str] {
        self.owners.get(id.as_str()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::{Cx, Stop};

    /// What nobody is named for.
    #[derive(Serialize, Deserialize)]
    struct Plain;

    impl Fact for Plain {
        const ID: &'static str = "plain";
        type Key = String;

        async fn measure(_: &String, _: &Cx) -> Result<Self, Stop> {
            Ok(Self)
        }
    }

    const CHECKS: &[&str] = &["network", "port", "proxy", "server", "token", "cloud", "log"];

    fn fact(id: &str) -> FactKey {
        (id.to_owned(), "key".to_owned())
    }

    /// The ids of facts that wait, in a table: `check: facts` and `=fact: facts`.
    fn standstill(table: &[(&str, &[&str])]) -> Standstill {
        let place = |id: &str| CHECKS.iter().position(|check| *check == id).expect("a check");
        let waits = table.iter().map(|(asker, facts)| {
            let asker = match asker.strip_prefix('=') {
                Some(id) => Asker::Fact(fact(id)),
                None => Asker::Examination(place(asker), 0),
            };
            (asker, facts.iter().copied().map(fact).collect())
        });
        let owners: [(&str, &[&str]); 6] = [
            ("account", &["cloud"]),
            ("events", &["cloud", "log"]),
            ("licence", &["server"]),
            ("settings", &["server", "token"]),
            ("status", &["server"]),
            ("name", &["network"]),
        ];
        Standstill { waits: waits.collect(), owners: owners.into() }
    }

    /// Every check that waits is blocked by another one, but for those that are told as the causes.
    fn causes(table: &[(&str, &[&str])]) -> (Vec<&'static str>, Vec<(&'static str, &'static str)>) {
        let standstill = standstill(table);
        let (mut causes, mut blocked) = (Vec::new(), Vec::new());
        for (at, check) in CHECKS.iter().copied().enumerate() {
            let asker = Asker::Examination(at, 0);
            match standstill.owner(&asker, CHECKS) {
                Some(owner) => blocked.push((check, owner)),
                None if standstill.waits.contains_key(&asker) => causes.push(check),
                None => {}
            }
        }
        (causes, blocked)
    }

    #[tokio::test]
    async fn what_is_done_beside_a_fact_is_not_waited_for() {
        let waits = Waits::default();
        by(Asker::Examination(0, 0), async {
            let _own = waits.begin::<Plain>(&fact("dial"));
            by(Asker::Nobody, async {
                let _beside = waits.begin::<Plain>(&fact("reply"));
                assert_eq!(waits.now().ends(&Asker::Examination(0, 0)), [fact("dial")].into());
            })
            .await;
        })
        .await;
    }

    #[test]
    fn one_silence_has_one_cause() {
        type Table<'a> = &'a [(&'a str, &'a [&'a str])];
        type Row<'a> = (&'a str, Table<'a>, &'a [&'a str], &'a [(&'a str, &'a str)]);
        let table: [Row<'_>; 12] = [
            (
                "a chain belongs to the check that judges its end",
                &[
                    ("network", &["dial"]),
                    ("port", &["handshake"]),
                    ("cloud", &["reply"]),
                    ("=reply", &["handshake"]),
                    ("=handshake", &["dial"]),
                ],
                &["network"],
                &[("port", "network"), ("cloud", "network")],
            ),
            (
                "of two that judge it, the first",
                &[("port", &["handshake"]), ("server", &["handshake"])],
                &["port"],
                &[("server", "port")],
            ),
            (
                "a fact names who tells, wherever it stands in the registry",
                &[
                    ("token", &["account", "events"]),
                    ("cloud", &["account"]),
                    ("log", &["account", "events"]),
                ],
                &["cloud"],
                &[("token", "cloud"), ("log", "cloud")],
            ),
            (
                "whoever is named and does not wait tells nothing",
                &[("token", &["events"]), ("log", &["events"])],
                &["log"],
                &[("token", "log")],
            ),
            (
                "nobody who is named waits",
                &[("proxy", &["events"]), ("token", &["events"])],
                &["proxy"],
                &[("token", "proxy")],
            ),
            (
                "who is named for one question tells of all that name it",
                &[("proxy", &["settings"]), ("server", &["licence"]), ("token", &["settings", "licence"])],
                &["server"],
                &[("proxy", "server"), ("token", "server")],
            ),
            (
                "whoever is named before others, and waits for nothing else, does not tell",
                &[("proxy", &["settings"]), ("server", &["settings"]), ("token", &["settings"])],
                &["token"],
                &[("proxy", "token"), ("server", "token")],
            ),
            (
                "one question of several, to somebody who answers the others",
                &[("proxy", &["settings"]), ("token", &["settings"])],
                &["token"],
                &[("proxy", "token")],
            ),
            (
                "what no check waits for belongs to whoever tells of what waits for it",
                &[
                    ("proxy", &["settings"]),
                    ("server", &["status"]),
                    ("=settings", &["name"]),
                    ("=status", &["address"]),
                    ("=address", &["name"]),
                ],
                &["server"],
                &[("proxy", "server")],
            ),
            (
                "and to the network where that waits as well",
                &[("network", &["name"]), ("server", &["status"]), ("=status", &["name"])],
                &["network"],
                &[("server", "network")],
            ),
            (
                "two silences have two causes",
                &[("network", &["dial"]), ("server", &["status"]), ("token", &["status", "dial"])],
                &["network", "server"],
                &[("token", "network")],
            ),
            ("what is alone is its own cause", &[("log", &["alone"])], &["log"], &[]),
        ];
        for (about, waits, expected, blocked) in table {
            assert_eq!(causes(waits), (expected.to_vec(), blocked.to_vec()), "{about}");
        }
    }

    #[test]
    fn a_fact_waits_for_the_check_that_judges_the_end_and_the_end_for_nobody() {
        let standstill = standstill(&[("network", &["dial"]), ("=handshake", &["dial"])]);
        let owner = |id: &str| standstill.owner(&Asker::Fact(fact(id)), CHECKS);
        assert_eq!((owner("handshake"), owner("dial")), (Some("network"), None));
        assert_eq!(standstill.owner(&Asker::Examination(6, 0), CHECKS), None);
        assert_eq!(standstill.ends(&Asker::Examination(0, 0)), [fact("dial")].into());
    }

    /// Else the check that tells of a silence would be blocked by itself when the run is judged again.
    #[test]
    fn what_a_check_waits_for_is_not_measured_whoever_tells_of_it() {
        let standstill =
            standstill(&[("network", &["dial"]), ("=dial", &["attempt"]), ("=connection", &["attempt"])]);
        let owner = |id: &str| standstill.owner(&Asker::Fact(fact(id)), CHECKS);
        assert_eq!((owner("attempt"), owner("dial"), owner("connection")), (None, None, Some("network")));
    }

    /// Two subjects of one check never wait for each other.
    #[test]
    fn no_check_waits_for_itself() {
        let mut standstill = standstill(&[("network", &["dial"]), ("=reply", &["dial"])]);
        standstill.waits.insert(Asker::Examination(0, 1), vec![fact("reply")]);
        assert_eq!(standstill.owner(&Asker::Examination(0, 1), CHECKS), None);
    }

    #[tokio::test]
    async fn a_wait_ends_with_its_value() {
        let waits = Waits::default();
        by(Asker::Examination(0, 0), async {
            let wait = waits.begin::<Plain>(&fact("a"));
            assert_eq!(waits.now().ends(&Asker::Examination(0, 0)).len(), 1);
            drop(wait);
            assert!(waits.now().ends(&Asker::Examination(0, 0)).is_empty());
        })
        .await;
        let _nobody = waits.begin::<Plain>(&fact("b"));
        assert!(waits.now().waits.is_empty());
    }

    #[test]
    fn a_circle_has_no_end() {
        let standstill = standstill(&[("network", &["a"]), ("=a", &["b"]), ("=b", &["a"])]);
        assert!(standstill.ends(&Asker::Examination(0, 0)).is_empty());
        assert_eq!(standstill.owner(&Asker::Examination(0, 0), CHECKS), None);
    }
}
