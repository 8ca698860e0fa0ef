//! Who waits for what: so that a run which is cut short knows the one measurement that all the others waited for.

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
    sync::{Mutex, PoisonError},
};

/// Id and key of a fact.
pub(crate) type FactKey = (String, String);

/// Who asks for a fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asker {
    /// The examination of a check's subject, by their places in the registry and in the check.
    Examination(usize, usize),
    /// Another fact.
    Fact(FactKey),
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
pub(crate) struct Waits(Mutex<BTreeMap<Asker, Vec<FactKey>>>);

/// A wait. It ends with this value.
pub(crate) struct Wait<'a>(Option<(&'a Waits, Asker, FactKey)>);

impl Waits {
    /// Whoever runs here begins to wait for a fact.
    pub(crate) fn begin(&self, fact: &FactKey) -> Wait<'_> {
        let Ok(asker) = ASKER.try_with(Clone::clone) else { return Wait(None) };
        self.with(|waits| waits.entry(asker.clone()).or_default().push(fact.clone()));
        Wait(Some((self, asker, fact.clone())))
    }

    /// Everybody's wait, as it stands.
    pub(crate) fn now(&self) -> Standstill {
        Standstill(self.with(|waits| waits.clone()))
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<Asker, Vec<FactKey>>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some((waits, asker, fact)) = self.0.take() else { return };
        waits.with(|waits| {
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
pub(crate) struct Standstill(BTreeMap<Asker, Vec<FactKey>>);

impl Standstill {
    /// The measurements that `asker` waits for and that wait for none themselves.
    pub(crate) fn ends(&self, asker: &Asker) -> BTreeSet<FactKey> {
        let (mut ends, mut seen) = (BTreeSet::new(), BTreeSet::new());
        let mut next: Vec<&FactKey> = self.0.get(asker).into_iter().flatten().collect();
        while let Some(fact) = next.pop() {
            if !seen.insert(fact) {
                continue;
            }
            match self.0.get(&Asker::Fact(fact.clone())) {
                Some(further) => next.extend(further),
                None => drop(ends.insert(fact.clone())),
            }
        }
        ends
    }

    /// The check, by its place, to which the reason belongs why `asker` still waits: the one that judges the measurement at
    /// the end. `None` where that is `asker` itself, or nobody.
    pub(crate) fn owner(&self, asker: &Asker) -> Option<usize> {
        let ends = self.ends(asker);
        let judged_by = |check: &Asker| {
            self.0.get(check).is_some_and(|facts| facts.iter().any(|fact| ends.contains(fact)))
        };
        if matches!(asker, Asker::Examination(..)) && judged_by(asker) {
            return None;
        }
        let asks_for_it = |fact: &FactKey| *asker == Asker::Fact(fact.clone());
        if ends.is_empty() || ends.iter().any(asks_for_it) {
            return None;
        }
        self.0.keys().find(|check| judged_by(check)).and_then(|check| match check {
            Asker::Examination(check, _) => Some(*check),
            Asker::Fact(_) => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(id: &str) -> FactKey {
        (id.to_owned(), "key".to_owned())
    }

    #[test]
    fn the_end_of_a_chain_belongs_to_the_check_that_judges_it() {
        let (dial, handshake, reply) = (fact("dial"), fact("handshake"), fact("reply"));
        let waits = [
            (Asker::Examination(1, 0), vec![dial.clone()]),
            (Asker::Examination(2, 0), vec![handshake.clone()]),
            (Asker::Examination(3, 0), vec![reply.clone()]),
            (Asker::Examination(4, 0), vec![fact("alone")]),
            (Asker::Fact(reply.clone()), vec![handshake.clone()]),
            (Asker::Fact(handshake.clone()), vec![dial.clone()]),
        ];
        let standstill = Standstill(waits.into());
        for (asker, owner) in [
            (Asker::Examination(1, 0), None),
            (Asker::Examination(2, 0), Some(1)),
            (Asker::Examination(3, 0), Some(1)),
            (Asker::Examination(4, 0), None),
            (Asker::Examination(5, 0), None),
            (Asker::Fact(reply), Some(1)),
            (Asker::Fact(handshake), Some(1)),
            (Asker::Fact(dial.clone()), None),
        ] {
            assert_eq!(standstill.owner(&asker), owner, "{asker:?}");
        }
        assert_eq!(standstill.ends(&Asker::Examination(3, 0)), [dial].into());
    }

    #[tokio::test]
    async fn a_wait_ends_with_its_value() {
        let waits = Waits::default();
        by(Asker::Examination(0, 0), async {
            let wait = waits.begin(&fact("a"));
            assert_eq!(waits.now().ends(&Asker::Examination(0, 0)).len(), 1);
            drop(wait);
            assert!(waits.now().ends(&Asker::Examination(0, 0)).is_empty());
        })
        .await;
        let _nobody = waits.begin(&fact("b"));
        assert!(waits.now().0.is_empty());
    }

    #[test]
    fn a_circle_has_no_end() {
        let (a, b) = (fact("a"), fact("b"));
        let waits = [
            (Asker::Examination(0, 0), vec![a.clone()]),
            (Asker::Fact(a.clone()), vec![b.clone()]),
            (Asker::Fact(b), vec![a]),
        ];
        let standstill = Standstill(waits.into());
        assert!(standstill.ends(&Asker::Examination(0, 0)).is_empty());
        assert_eq!(standstill.owner(&Asker::Examination(0, 0)), None);
    }
}
