//! How long a browser is waited for.

use std::time::Duration;

use tokio::time::timeout;

use super::BrowserError;

/// How long an answer about a page is waited for. A page that is left may never give one; a machine that is busy needs longer for the
/// same page. So each time without an answer is followed by a longer one, until there is an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience(Duration);

impl Default for Patience {
    fn default() -> Self {
        Self(PAGE_ANSWER)
    }
}

impl Patience {
    pub(super) async fn wait<T>(
        &mut self,
        answer: impl Future<Output = Result<T, BrowserError>>,
    ) -> Result<T, BrowserError> {
        match timeout(self.0, answer).await {
            Ok(answer) => {
                *self = Self::default();
                answer
            }
            Err(_) => {
                self.0 = (self.0 * 2).min(MOST_ANSWER);
                Err(BrowserError::Unanswered)
            }
        }
    }
}

/// Waits for an answer of the browser itself, which comes whatever its pages do.
pub(super) async fn answered<T>(
    method: &str,
    answer: impl Future<Output = Result<T, BrowserError>>,
) -> Result<T, BrowserError> {
    match timeout(MOST_ANSWER, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(BrowserError::Crashed(format!("no answer to {method}"))),
    }
}

/// For an answer about a page, at first.
const PAGE_ANSWER: Duration = Duration::from_secs(3);
/// For one command. Where the processor is busy with other work, a browser may need many seconds.
pub(super) const MOST_ANSWER: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_time_without_an_answer_is_followed_by_a_longer_one() {
        let mut patience = Patience::default();
        for seconds in [3, 6, 12, 24, 30, 30] {
            let began = Instant::now();
            let answer = patience.wait(std::future::pending::<Result<(), _>>()).await;
            assert!(matches!(answer, Err(BrowserError::Unanswered)));
            assert_eq!(began.elapsed().as_secs(), seconds);
        }
        let late = async {
            sleep(Duration::from_secs(20)).await;
            Ok(7)
        };
        assert_eq!(patience.wait(late).await.expect("an answer"), 7);
        assert_eq!(patience.0, PAGE_ANSWER);
    }
}
