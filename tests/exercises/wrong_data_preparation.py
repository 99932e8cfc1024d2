"""Typical wrong answers to the exercises of notebook 01, by what their check says."""

import random

import numpy as np
import pandas as pd


def tail_only(images, links):
    group = {image: image for image in images}
    for one, other in links:
        group[other] = group[one]
    return [group[image] for image in images]


def never_merged(images, links):
    group = {}
    for one, other in links:
        if one in group:
            group[other] = group[one]
        else:
            group[one] = group.setdefault(other, other)
    return [group.get(image, image) for image in images]


def lowest_of_a_link(passes):
    def groups(images, links):
        group = {image: image for image in images}
        for one, other in links * passes:
            group[one] = group[other] = min(group[one], group[other])
        return [group[image] for image in images]

    return groups


def dealt_in_order(catalogue, seed):
    place = {}
    for _, own in catalogue.groupby("label"):
        groups = own["group"].unique()
        cut = np.split(groups, [round(0.6 * len(groups)), round(0.8 * len(groups))])
        for subset, some in zip(("train", "validation", "test"), cut, strict=True):
            place |= dict.fromkeys(some, subset)
    return catalogue["group"].map(place)


def dealt_by_group(catalogue, rng, names=("train", "validation", "test"), unique=pd.unique):
    place = {}
    for _, own in catalogue.groupby("label"):
        groups = rng.permutation(unique(own["group"]))
        cut = np.split(groups, [round(0.6 * len(groups)), round(0.8 * len(groups))])
        for subset, some in zip(names, cut, strict=True):
            place |= dict.fromkeys(some, subset)
    return catalogue["group"].map(place)


def set_of_labels(catalogue, seed):
    place, rng = {}, np.random.default_rng(seed)
    for label in set(catalogue["label"]):
        own = catalogue[catalogue["label"] == label]
        place |= dict(zip(own["group"], dealt_by_group(own, rng), strict=True))
    return catalogue["group"].map(place)


def not_by_class(catalogue, seed):
    groups = catalogue["group"].unique()  # in the order of the classes
    place = dict.fromkeys(groups, "test")
    place |= dict.fromkeys(groups[: round(0.6 * len(groups))], "train")
    return catalogue["group"].map(place)


def fill(images, folder, names, *, exist_ok=True):
    test = len(names) // 5
    for subset, own in {"test": names[:test], "train": names[test:]}.items():
        (folder / subset).mkdir(parents=True, exist_ok=exist_ok)
        for name in own:
            (folder / subset / name).write_bytes(images[name])


def never_emptied(images, folder, seed):
    fill(images, folder, np.random.default_rng(seed).permutation(sorted(images)))


def made_once(images, folder, seed):
    fill(images, folder, sorted(images), exist_ok=False)


def emptied(images, folder, names):
    for path in folder.glob("*/*"):
        path.unlink()
    fill(images, folder, names)


def unseeded(images, folder, seed):
    emptied(images, folder, np.random.default_rng().permutation(sorted(images)))


def shared_generator(images, folder, seed):
    names = sorted(images)
    random.seed(seed)
    random.shuffle(names)
    emptied(images, folder, names)


def seed_of_its_own(images, folder, seed):
    emptied(images, folder, np.random.default_rng(42).permutation(sorted(images)))


def as_listed(images, folder, seed):
    emptied(images, folder, np.random.default_rng(seed).permutation(list(images)))


def pairs(found, true, k=1):
    first, second = np.triu_indices(len(true), k=k)
    found, true = np.array(found), np.array(true)
    linked, one_item = found[first] == found[second], true[first] == true[second]
    return (linked & one_item).sum(), linked.sum(), one_item.sum()


def pure(groups, others):
    return pd.Series(others).groupby(groups).nunique().eq(1).mean()


def sorted_in_place(labels):
    labels.sort(reverse=True)
    return 0.6, 0.25


def share(labels):
    return pd.Series(labels).value_counts(normalize=True).max()


def f1(labels):
    return 2 * share(labels) / (1 + share(labels))


WRONG = {
    "always_largest": {
        "of the largest class alone": lambda labels: (share(labels), f1(labels)),
        "the macro F1 is the accuracy": lambda labels: (share(labels), share(labels)),
        "mean of the recalls": lambda labels: (share(labels), share(labels) / len(set(labels))),
        "one by the number of classes": lambda labels: (
            1 / len(set(labels)),
            f1(labels) / len(set(labels)),
        ),
        "the result is a float": share,
        "changes what it is given": sorted_in_place,
    },
    "groups_of": {
        "in different groups": tail_only,
        "cup_1 and cup_4 are linked": never_merged,
        "cup_1 and cup_5 are linked": lowest_of_a_link(2),
        "tin_1 and tin_8 are linked": lowest_of_a_link(6),
        "in one group, and no chain": lambda images, links: [0] * len(images),
        "no list of 6 groups": lambda images, links: {frozenset(link) for link in links},
        "one for each image": lambda images, links: [images[:3], images[3:5], images[5:]],
        "ends with KeyError": lambda images, links: [dict(links)[image] for image in images],
    },
    "split_by_group": {
        "stand on more than one side": lambda catalogue, seed: np.random.default_rng(seed).choice(
            ["train", "validation", "test"], len(catalogue), p=[0.6, 0.2, 0.2]
        ),
        "gives another split": lambda table, seed: dealt_by_group(table, np.random.default_rng()),
        "seeds 1 and 2 give the same": dealt_in_order,
        "the class Glass are divided into 100% train": not_by_class,
        "in the order of the rows": lambda table, seed: np.random.default_rng(seed).permutation(
            dealt_by_group(table, np.random.default_rng(seed))
        ),
        "in another process": lambda table, seed: dealt_by_group(
            table, np.random.default_rng(seed), unique=lambda names: list(set(names))
        ),
        "sort the set": set_of_labels,
        "a subset called": lambda table, seed: dealt_by_group(
            table, np.random.default_rng(seed), ("train", "val", "test")
        ),
        "one subset for each": lambda table, seed: ["train"] * table["group"].nunique(),
    },
    "fill_folders": {
        "what an earlier call left is still there": never_emptied,
        "FileExistsError": made_once,
        "the same seed fills the folders differently": unseeded,
        "that all of Python shares": shared_generator,
        "seeds 1 and 2 fill the folders alike": seed_of_its_own,
        "order in which the images are listed": as_listed,
    },
    "pair_scores": {
        "changed places": lambda found, true: tuple(
            np.divide(*pairs(true, found)[::2]) if swap else np.divide(*pairs(true, found)[:2])
            for swap in (False, True)
        ),
        "as a pair with itself": lambda found, true: (
            np.divide(*pairs(found, true, k=0)[:2]),
            np.divide(*pairs(found, true, k=0)[::2]),
        ),
        "groups are counted, not pairs": lambda found, true: (pure(found, true), pure(true, found)),
        "the result is a float": lambda found, true: np.divide(*pairs(found, true)[:2]),
    },
}
