//! What a written path stands for: a module of the house, or something from outside.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{Files, Holds, Module, Written, read};

/// The source of the library and of its command line.
pub(super) struct House {
    tree: BTreeMap<Module, Holds>,
    /// What the globs of each module lead to.
    globs: BTreeMap<Module, Vec<Place>>,
}

/// How many names may stand for each other on the way to a place.
const PATIENCE: u8 = 16;

/// Where a path leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Inside(Module),
    Outside(Vec<String>),
}

/// One path of one module, and where it leads.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Step {
    pub(super) from: Module,
    pub(super) written: Written,
    pub(super) to: Place,
}

impl House {
    pub(super) fn read(files: Files<'_>) -> House {
        let mut tree = BTreeMap::new();
        read(&mut tree, "entrabulk", "lib.rs", files);
        if files("main.rs").is_some() {
            read(&mut tree, "main", "main.rs", files);
        }
        let mut house = House { tree, globs: BTreeMap::new() };
        // Once more, for globs whose path begins with what another glob brings.
        for _ in 0..2 {
            house.globs =
                house.tree.keys().map(|from| (from.clone(), house.globs_of(from))).collect();
        }
        house
    }

    fn globs_of(&self, from: &Module) -> Vec<Place> {
        let globs = self.tree[from].names.iter().filter(|(name, _)| name.is_none());
        globs.flat_map(|(_, path)| self.places(from, path, true, PATIENCE)).collect()
    }

    pub(super) fn file(&self, module: &Module) -> &str {
        &self.tree[module].file
    }

    /// The room that a module is part of; the root of the library is none.
    pub(super) fn room(&self, module: &Module) -> Option<&str> {
        match &self.tree.get_key_value(module)?.0[..] {
            [root] if root == "main" => Some(root),
            [_, room, ..] => Some(room),
            _ => None,
        }
    }

    pub(super) fn rooms(&self) -> BTreeSet<&str> {
        self.tree.keys().filter_map(|module| self.room(module)).collect()
    }

    /// Every path of the house with every place that it may lead to.
    pub(super) fn steps(&self) -> BTreeSet<Step> {
        let mut steps = BTreeSet::new();
        for (from, holds) in &self.tree {
            for written in &holds.written {
                for to in self.places(from, &written.path, written.used, PATIENCE) {
                    steps.insert(Step { from: from.clone(), written: written.clone(), to });
                }
            }
        }
        steps
    }

    /// Where `path` may lead from a module. A lone name that nobody here gave is a local one, except in a
    /// `use`.
    fn places(&self, from: &[String], path: &[String], used: bool, patience: u8) -> Vec<Place> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        if patience == 0 {
            return Vec::new();
        }
        match first.as_str() {
            "Self" => Vec::new(),
            "crate" => self.within(&from[..1], rest, patience),
            "self" | "super" => self.within(from, path, patience),
            _ => {
                let found = self.named(from, first, rest, patience);
                if !found.is_empty() {
                    return found;
                }
                if self.tree.contains_key(&path[..1]) {
                    return self.within(&path[..1], rest, patience);
                }
                let mut outside = Vec::new();
                if used || !rest.is_empty() || first == "unsafe" {
                    outside.push(Place::Outside(path.to_vec()));
                }
                outside.extend(self.foreign(from, path));
                outside
            }
        }
    }

    /// What `path` may be where a glob over what is not ours may bring anything.
    fn foreign(&self, module: &[String], path: &[String]) -> impl Iterator<Item = Place> {
        let globs = self.globs.get(module).into_iter().flatten();
        globs.filter_map(move |glob| match glob {
            Place::Outside(glob) => Some(Place::Outside([glob, path].concat())),
            Place::Inside(_) => None,
        })
    }

    /// Where a path leads that begins in `module`; at least to that module.
    fn within(&self, module: &[String], path: &[String], patience: u8) -> Vec<Place> {
        let found = match path.split_first() {
            None => Vec::new(),
            Some((first, rest)) => match first.as_str() {
                "self" => return self.within(module, rest, patience),
                "super" => return self.within(&module[..module.len() - 1], rest, patience),
                _ => self.named(module, first, rest, patience),
            },
        };
        if !found.is_empty() {
            return found;
        }
        let here = [Place::Inside(module.to_vec())];
        here.into_iter().chain(self.foreign(module, path)).collect()
    }

    /// Where a name of `module` leads, whether it is its own or brought there by `use`.
    fn named(&self, module: &[String], name: &str, rest: &[String], patience: u8) -> Vec<Place> {
        let Some(holds) = self.tree.get(module) else { return Vec::new() };
        let child = [module, &[name.to_owned()]].concat();
        if self.tree.contains_key(&child) {
            return self.within(&child, rest, patience);
        }
        if holds.items.contains(name) {
            return vec![Place::Inside(module.to_vec())];
        }
        let mut places = Vec::new();
        for (alias, path) in &holds.names {
            match alias {
                Some(alias) if alias == name && path[..] == [name.to_owned()] => {
                    places.push(Place::Outside([path, rest].concat()));
                }
                Some(alias) if alias == name => {
                    places.extend(self.places(module, &[path, rest].concat(), true, patience - 1));
                }
                _ => {}
            }
        }
        for glob in self.globs.get(module).into_iter().flatten() {
            if let Place::Inside(other) = glob
                && other != module
                && patience > 1
            {
                places.extend(self.named(other, name, rest, patience - 1));
            }
        }
        places
    }
}
