//! Files that import each other, by however many others.

use std::collections::{BTreeMap, BTreeSet};

use super::resolve::{House, Place};

type Arrows<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// The files of each circle. What only gives a name to others (`pub use`) is a signpost and no import.
pub(super) fn circles(house: &House) -> Vec<Vec<&str>> {
    let mut arrows = Arrows::new();
    for step in house.steps().iter().filter(|step| !step.written.given) {
        let from = house.file(&step.from);
        arrows.entry(from).or_default();
        if let Place::Inside(module) = &step.to {
            let to = house.file(module);
            arrows.entry(to).or_default();
            arrows.entry(from).or_default().insert(to);
        }
    }
    let files: Vec<&str> = arrows.keys().copied().collect();
    let mut search = Search { arrows, ..Search::default() };
    for file in files {
        if !search.number.contains_key(file) {
            search.visit(file);
        }
    }
    search.found.iter_mut().for_each(|circle| circle.sort_unstable());
    search.found.sort();
    search.found
}

/// Tarjan's search for strongly connected components.
#[derive(Default)]
struct Search<'a> {
    arrows: Arrows<'a>,
    /// When each file was first met.
    number: BTreeMap<&'a str, usize>,
    /// Files that are not known to be in a component yet.
    path: Vec<&'a str>,
    found: Vec<Vec<&'a str>>,
}

impl<'a> Search<'a> {
    /// Gives the lowest number that can be reached from `file` within its component.
    fn visit(&mut self, file: &'a str) -> usize {
        let (own, place) = (self.number.len(), self.path.len());
        let mut lowest = own;
        self.number.insert(file, own);
        self.path.push(file);
        for next in self.arrows[file].clone() {
            match self.number.get(next) {
                None => lowest = lowest.min(self.visit(next)),
                Some(number) if self.path.contains(&next) => lowest = lowest.min(*number),
                Some(_) => {}
            }
        }
        if lowest == own {
            let component = self.path.split_off(place);
            if component.len() > 1 {
                self.found.push(component);
            }
        }
        lowest
    }
}
