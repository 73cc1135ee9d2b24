//! What a plan has to say beside its counts.

use super::sentences;

/// Of what may be said of every user, a plan keeps this many sentences.
const MOST: usize = 100;

/// Warnings of a plan in the making.
#[derive(Debug, Default)]
pub(super) struct Warnings {
    of_the_plan: Vec<String>,
    of_users: Vec<String>,
    left_out: u64,
}

impl Warnings {
    /// Something about the plan as a whole. It is always kept, and stands first.
    pub(super) fn say(&mut self, sentence: String) {
        self.of_the_plan.push(sentence);
    }

    /// Something about some users; of very many such sentences the first are kept and the others counted.
    pub(super) fn note(&mut self, sentence: impl FnOnce() -> String) {
        if self.of_users.len() < MOST {
            self.of_users.push(sentence());
        } else {
            self.left_out += 1;
        }
    }

    /// What concerns the plan as a whole.
    pub(super) fn of_the_plan(&self) -> Vec<String> {
        self.of_the_plan.clone()
    }

    /// All of them, in the order in which to read them.
    pub(super) fn into_sentences(self) -> Vec<String> {
        let Warnings { of_the_plan: mut said, of_users, left_out } = self;
        said.extend(of_users);
        if left_out > 0 {
            said.push(sentences::warnings_left_out(left_out));
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_concerns_the_plan_is_never_lost_among_users() {
        let mut warnings = Warnings::default();
        (0..MOST + 7).for_each(|user| warnings.note(|| format!("user {user}")));
        warnings.say("the plan".into());
        let sentences = warnings.into_sentences();
        assert_eq!(sentences.len(), 1 + MOST + 1);
        assert_eq!((sentences[0].as_str(), sentences[1].as_str()), ("the plan", "user 0"));
        assert!(sentences[MOST + 1].starts_with("7 more"), "{sentences:?}");
    }
}
