//! Managers before reports: Entra resolves a manager only if this job has processed that person.

use std::collections::HashMap;
use std::hash::Hash;

/// One user to order: its identity and its manager's, or hashes of these.
#[derive(Debug, Clone, Copy)]
pub struct Line<K> {
    /// The user.
    pub user: K,
    /// The user's manager.
    pub manager: Option<K>,
}

/// How users are to be sent.
#[derive(Debug, PartialEq, Eq)]
pub struct Order {
    /// For every user its level: 0 needs nobody first, 1 needs somebody of level 0, and so on. Sent
    /// level by level, in the source's order within a level, nobody is sent before their manager.
    pub levels: Vec<u32>,
    /// The users (by position) whose managers lead back to themselves, one list a cycle. Nobody in a
    /// cycle can come first, so its first user in the source does.
    pub cycles: Vec<Vec<usize>>,
}

/// Orders `users`. A manager who is not among them, or is the user, is nobody to wait for.
///
/// Linear in the number of users.
pub fn managers_first<K: Copy + Eq + Hash>(users: &[Line<K>]) -> Order {
    let position: HashMap<K, u32> =
        users.iter().zip(0..).map(|(line, at)| (line.user, at)).collect();
    let manager_of = |at: usize| {
        let manager = position.get(&users[at].manager?).map(|manager| *manager as usize);
        manager.filter(|manager| *manager != at)
    };
    let mut levels = vec![UNKNOWN; users.len()];
    let mut cycles = Vec::new();
    let mut path = Vec::new();
    for start in 0..users.len() {
        // Up the line of managers to somebody whose level is known, then down again.
        let mut at = Some(start);
        while let Some(user) = at
            && levels[user] == UNKNOWN
        {
            levels[user] = ON_PATH;
            path.push(user);
            at = manager_of(user);
        }
        let mut level = match at {
            None => 0,
            Some(user) if levels[user] == ON_PATH => {
                let from = path.iter().position(|other| *other == user).unwrap_or(0);
                let mut cycle = path.split_off(from);
                // The first in the source leads; the others follow their managers from there.
                let first = cycle.iter().enumerate().min_by_key(|(_, user)| **user);
                let first = first.map_or(0, |(at, _)| at);
                cycle.rotate_left(first);
                levels[cycle[0]] = 0;
                for (below, user) in cycle.iter().skip(1).rev().enumerate() {
                    levels[*user] = below as u32 + 1;
                }
                let next = levels[user] + 1;
                cycles.push(cycle);
                next
            }
            Some(user) => levels[user] + 1,
        };
        while let Some(user) = path.pop() {
            levels[user] = level;
            level += 1;
        }
    }
    Order { levels, cycles }
}

const UNKNOWN: u32 = u32::MAX;
const ON_PATH: u32 = u32::MAX - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn order(users: &[(&str, &str)]) -> Order {
        let lines = users.iter().map(|(user, manager)| Line {
            user: *user,
            manager: Some(*manager).filter(|manager| !manager.is_empty()),
        });
        managers_first(&lines.collect::<Vec<_>>())
    }

    #[test]
    fn levels_follow_the_line_of_managers() {
        let found =
            order(&[("c", "b"), ("b", "a"), ("a", ""), ("d", "b"), ("e", "nobody"), ("f", "f")]);
        assert_eq!(found.levels, [2, 1, 0, 2, 0, 0]);
        assert!(found.cycles.is_empty());
    }

    #[test]
    fn a_cycle_begins_with_its_first_user_and_is_named() {
        let found = order(&[("x", "a"), ("b", "c"), ("c", "a"), ("a", "b")]);
        assert_eq!(found.cycles, [vec![1, 2, 3]]);
        // b leads; a reports to b, c to a; x waits for a.
        assert_eq!(found.levels, [2, 0, 2, 1]);
    }

    proptest! {
        #[test]
        fn nobody_goes_before_their_manager_but_one_of_each_cycle(
            managers in prop::collection::vec(0_usize..14, 0..12),
        ) {
            let names: Vec<String> = (0..14).map(|id| id.to_string()).collect();
            let users: Vec<(&str, &str)> = managers
                .iter()
                .enumerate()
                .map(|(at, manager)| (names[at].as_str(), names[*manager].as_str()))
                .collect();
            let found = order(&users);
            let mut early = 0;
            for (at, manager) in managers.iter().enumerate() {
                prop_assert!((found.levels[at] as usize) < users.len());
                if *manager < users.len() && *manager != at && found.levels[*manager] >= found.levels[at] {
                    early += 1;
                    prop_assert!(found.cycles.iter().any(|cycle| cycle[0] == at));
                }
            }
            prop_assert_eq!(early, found.cycles.len());
        }
    }
}
