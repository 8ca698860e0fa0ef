//! What the interfaces did with the credentials, from the facts that the other checks ask for anyway.

use gh_connect_engine::{Cx, Fact, Stop};
use gh_connect_github::{
    Answer, Api, OfTheRun, Refusal,
    cloud::{
        AllowList, AuditLog, ConsumedLicences, Enterprise, Installations, LicenceSync, OwnerInfo,
        ServerStatistics, Setting, TokenSeen, Topic, Viewer, is_recorded_as_connected,
    },
    manage::{ManageLicence, ManageLicenceCheck, ManageMaintenance, ManageNodes, ManageSettings},
    server::{ServerAuditLog, ServerLicence, ServerUser},
};

use super::scopes;
use crate::server;

/// What one interface did with its credential.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) api: Api,
    /// Whose it is, where that was said.
    pub(super) login: Option<String>,
    /// The token; `None` without one, and for the Manage API, which has a password.
    pub(super) token: Option<TokenSeen>,
    /// Whether there was one at all.
    pub(super) given: bool,
    /// Why questions were not answered: only what the credential is to blame for, [`withheld`] answers among it. The weightiest
    /// first.
    pub(super) refusals: Vec<Refused>,
    /// What the token is known not to open.
    pub(super) lacking: Vec<scopes::Scope>,
    /// Why the first question was not answered, if something else than the credential is to blame.
    pub(super) otherwise: Option<Stop>,
}

/// A question that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) why: Refusal,
    /// The least scope that the question needs.
    pub(super) scope: Option<String>,
}

/// All that a run asks of the cloud, and nothing that no other check asks: it costs nothing here, and no refusal goes untold.
pub(super) async fn of_cloud(cx: &Cx) -> Result<Seen, Stop> {
    let list = async {
        let owners = cx.fact::<OwnerInfo>(&OfTheRun).await?;
        let on = owners.answer.said().is_some_and(|it| it.allow_list == Some(Setting::Enabled));
        let entries = if on { Some(cx.fact::<AllowList>(&OfTheRun).await?) } else { None };
        Ok::<_, Stop>((refused(&owners.answer), entries.and_then(|entries| refused(&entries.answer))))
    };
    let events = futures::future::join_all(Topic::ALL.iter().map(|topic| async {
        let events = cx.fact::<AuditLog>(topic).await?;
        Ok::<_, Stop>(refused(&events.answer))
    }));
    let signs = async {
        let sync = asked::<LicenceSync, _>(cx, |fact| &fact.answer).await;
        match is_recorded_as_connected(cx).await {
            true => [sync, asked::<ServerStatistics, _>(cx, |fact| &fact.answer).await],
            // Nothing waits for a scope that opens only these.
            false => [sync.filter(|refused| !refused.why.may_be_of_permission()), None],
        }
    };
    let (viewer, enterprise, list, events, signs, seats, known) = futures::join!(
        cx.fact::<Viewer>(&OfTheRun),
        cx.fact::<Enterprise>(&OfTheRun),
        list,
        events,
        signs,
        asked::<ConsumedLicences, _>(cx, |fact| &fact.answer),
        asked::<Installations, _>(cx, |fact| &fact.answer),
    );
    let (enterprise, viewer) = (enterprise?, viewer?);
    let of_list = list.map(|(owners, entries)| [owners, entries]).unwrap_or_default();
    let [sync, statistics] = signs;
    let rest = [sync, seats, statistics, known].into_iter().chain(of_list);
    let events = events.into_iter().map(Result::unwrap_or_default);
    let first = [refused(&viewer.answer), refused(&enterprise.answer)];
    let refusals: Vec<Refused> = first.into_iter().chain(rest).chain(events).flatten().collect();
    let otherwise =
        enterprise.answer.or_stop().err().or_else(|| viewer.answer.or_trouble("whose the token is").err());
    Ok(Seen {
        api: Api::Cloud,
        login: viewer.answer.said().map(|user| user.login.clone()),
        given: viewer.token.is_some(),
        lacking: lacking(Api::Cloud, viewer.token.as_ref(), &refusals),
        token: viewer.token.clone(),
        refusals,
        otherwise,
    })
}

/// All that a run asks the server as somebody.
pub(super) async fn of_server(cx: &Cx) -> Result<Seen, Stop> {
    let (user, licence, log) = futures::join!(
        cx.fact::<ServerUser>(&OfTheRun),
        cx.fact::<ServerLicence>(&OfTheRun),
        cx.fact::<ServerAuditLog>(&Topic::Connections),
    );
    let user = user?;
    let token = user.token.as_ref();
    let licence =
        licence.ok().and_then(|fact| refused(&fact.answer).or_else(|| withheld(token, &fact.answer)));
    let log = log.ok().and_then(|fact| refused(&fact.answer).or_else(|| withheld(token, &fact.answer)));
    let refusals: Vec<Refused> = [refused(&user.answer), licence, log].into_iter().flatten().collect();
    Ok(Seen {
        api: Api::Server,
        login: user.answer.said().and_then(|user| user.login.clone()),
        given: user.token.is_some(),
        lacking: lacking(Api::Server, user.token.as_ref(), &refusals),
        token: user.token.clone(),
        refusals,
        otherwise: match user.answer.or_trouble("whose the token is").err() {
            Some(Stop::Trouble(_)) if server::owns_unanswered_api(cx).await => Some(Stop::blocked("server")),
            otherwise => otherwise,
        },
    })
}

/// The Manage API takes a password or does not, and may not tell everything to everybody who has one.
pub(super) async fn of_manage(cx: &Cx) -> Result<Seen, Stop> {
    let (settings, licence, nodes, check, maintenance) = futures::join!(
        cx.fact::<ManageSettings>(&OfTheRun),
        cx.fact::<ManageLicence>(&OfTheRun),
        asked::<ManageNodes, _>(cx, |fact| &fact.answer),
        asked::<ManageLicenceCheck, _>(cx, |fact| &fact.answer),
        asked::<ManageMaintenance, _>(cx, |fact| &fact.answer),
    );
    let settings = settings?;
    let licence = licence.as_ref().ok().map(|fact| &fact.answer);
    // Where the licence is not told either, `server` says that the Manage API does not answer.
    let otherwise = match licence {
        Some(Answer::Said(_)) => {
            settings.answer.or_trouble("its settings, the proxy that it uses among them")
        }
        _ => settings.answer.or_stop(),
    };
    let refusals = [refused(&settings.answer), licence.and_then(refused), nodes, check, maintenance];
    Ok(Seen {
        api: Api::Manage,
        login: None,
        token: None,
        given: !matches!(settings.answer, Answer::NoCredential { .. }),
        refusals: refusals.into_iter().flatten().collect(),
        lacking: Vec::new(),
        otherwise: otherwise.err(),
    })
}

/// A fact that may not apply, or that something else stands in the way of: that is for others to tell.
async fn asked<F: Fact<Key = OfTheRun>, T>(cx: &Cx, answer: impl Fn(&F) -> &Answer<T>) -> Option<Refused> {
    refused(answer(&*cx.fact::<F>(&OfTheRun).await.ok()?))
}

/// The refusal, if the credential is to blame for it.
fn refused<T>(answer: &Answer<T>) -> Option<Refused> {
    let Answer::Refused { why, needs } = answer else { return None };
    let scope = needs.scope.as_ref().map(ToString::to_string);
    (why.owner(needs.api) == super::META.id).then(|| Refused { why: why.clone(), scope })
}

/// The refusal of what only a scope opens, as if there were nothing there, to a token that does not say which scopes it has: a
/// fine-grained one or an app's has none. Where the scopes are said, they tell whether that is why.
pub(super) fn withheld<T>(token: Option<&TokenSeen>, answer: &Answer<T>) -> Option<Refused> {
    let Answer::Refused { why, needs } = answer else { return None };
    let is_silent = matches!(why, Refusal::NotFound { .. } | Refusal::Forbidden { .. });
    let scope = needs.scope.as_ref()?.to_string();
    (is_silent && token?.scopes.is_none()).then(|| Refused { why: why.clone(), scope: Some(scope) })
}

/// What a token does not open: by the questions that were refused for the lack of a scope, and by the scopes that it says to
/// have, since something else may have stood before them. `admin:enterprise` is not missed unless a question needed it: an
/// allow list that is off is not read.
pub(super) fn lacking(api: Api, token: Option<&TokenSeen>, refusals: &[Refused]) -> Vec<scopes::Scope> {
    let scopes = token.and_then(|token| token.scopes.as_ref());
    let unsaid = |scope: &scopes::Scope| {
        scope.name != scopes::ADMIN && scopes.is_some_and(|scopes| !scopes.grant(scope.name))
    };
    let refused = |scope: &scopes::Scope| {
        let for_it = |refused: &&Refused| refused.scope.as_deref() == Some(scope.name);
        refusals.iter().filter(for_it).any(|refused| {
            matches!(
                refused.why,
                Refusal::MissingScopes { .. } | Refusal::NotFound { .. } | Refusal::Forbidden { .. }
            )
        })
    };
    scopes::of(api).iter().filter(|scope| unsaid(scope) || refused(scope)).copied().collect()
}
