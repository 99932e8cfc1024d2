"""Checks of notebook 06: what a random split lets through, and what it overstates."""

from collections.abc import Callable

import pandas as pd

from wastelib.exercises.check import Slip, expect, numbers, of_each_row, require, right, tried

ITEMS = pd.DataFrame(
    {
        "group": ["can", "can", "can", "jar", "jar", "lid", "box", "cup", "cup", "bag", "tin"],
        "subset": ["train", "test", "test", "validation", "test", "test", "test", *["train"] * 4],
    }
)


def seen_share(answer: Callable) -> None:
    """The share of the test images whose item is in the training subset too."""
    where = "5 test images: two of a can in train, one of a jar in validation, a lid, a box"
    expect(
        tried(answer, ITEMS, where=where),
        2 / 5,
        where,
        Slip(
            1 / 4,
            "items are counted, not images",
            "two test images of one can are two that the model was helped with",
        ),
        Slip(
            3 / 5,
            "validation counts as training",
            "no weight was fitted to a validation image",
        ),
        Slip(
            1 / 5,
            "the share is of the training images",
            "ask of each test image whether its group is among those in train",
        ),
        Slip(
            2 / 11,
            "the share is of all images",
            "divide by the number of test images",
        ),
    )
    where = "a split by group"
    apart = ITEMS.assign(subset=ITEMS["group"].map({"can": "train", "jar": "test"}).fillna("train"))
    expect(tried(answer, apart, where=where), 0, where)
    right("This is the share of the exam that had been shown beforehand.")


def expected_share(answer: Callable) -> None:
    """The share of the test images that a random split will have seen, from group sizes."""
    where = "one item with 3 photographs, of which 60 % go to training"
    expect(
        tried(answer, [3], 0.6, where=where),
        1 - 0.4**2,
        where,
        Slip(
            1 - 0.4**3,
            "the test image itself is counted among those that may be in training",
            "an item with m photographs has m - 1 others",
        ),
        Slip(
            0.6**2,
            "that is the chance that all others are in training",
            "one is enough: ask for the chance that none is",
        ),
        Slip(
            0.4**2,
            "that is the chance that no other is in training",
            "take what is left to 1",
        ),
        Slip(0.6, "one other is taken into account, and there are two", "each may be in training"),
    )
    where = "single photographs only, one of each of 4 items"
    expect(tried(answer, [1, 1, 1, 1], 0.6, where=where), 0, where)
    where = "an item with 8 photographs and two with one each, training share 0.5"
    wanted = 0.8 * (1 - 0.5**7)
    expect(
        tried(answer, [8, 1, 1], 0.5, where=where),
        wanted,
        where,
        Slip(
            (1 - 0.5**7) / 3,
            "every item counts the same",
            "the test draws photographs: weigh each item by how many it has",
        ),
    )
    right("Group sizes alone say how much a random split leaks, before anything is trained.")


def paired_interval(answer: Callable) -> None:
    """(mean, low, high) of the difference within pairs, with Student's 95 % interval."""
    random, grouped = [0.70, 0.74, 0.66, 0.72], [0.66, 0.69, 0.63, 0.67]
    mean, half, sd = 0.0425, 0.0152347, 0.00957427
    where = "accuracies of four split seeds, random 70, 74, 66, 72 %, by group 66, 69, 63, 67 %"

    def slip(other_half: float, what: str, remedy: str) -> Slip:
        return Slip((mean, mean - other_half, mean + other_half), what, remedy)

    slips = (
        slip(
            1.959964 * sd / 2,
            "1.96 is for many values; four say less about their own spread",
            "take the 97.5 % quantile of Student's t with n - 1 degrees of freedom",
        ),
        slip(
            2.776445 * sd / 2,
            "t has too many degrees of freedom",
            "n differences have n - 1",
        ),
        slip(
            3.182446 * 0.00829156 / 2,
            "the standard deviation is divided by n",
            "from a sample it is divided by n - 1: `ddof=1`",
        ),
        slip(
            3.182446 * sd,
            "that is the spread of single differences, not of their mean",
            "divide by the root of n",
        ),
        slip(
            sd / 2,
            "that is one standard error to each side",
            "multiply it by Student's t",
        ),
        Slip(
            (-mean, -mean - half, -mean + half),
            "the difference has the wrong sign",
            "take random minus grouped: what is above 0 is overstated",
        ),
    )
    found = numbers(tried(answer, random, grouped, where=where), (3,), where)
    require(
        found[2] - found[1] < 0.07,
        "the interval is that of two independent samples",
        where,
        "a random and a grouped split of one seed are a pair: take their difference first",
    )
    expect(found, (mean, mean - half, mean + half), where, *slips)
    right("Within pairs, what is common to a seed drops out, and the difference shows.")


def memoriser(answer: Callable) -> None:
    """The accuracy of a model that knows the training items by heart, and nothing else."""
    train = pd.DataFrame(
        {"group": ["a", "a", "b", "c", "d"], "label": ["Metal", "Metal", "Glass", "Glass", "Glass"]}
    )
    test = pd.DataFrame(
        {
            "group": ["a", "a", "b", "e", "f", "g", "h", "h"],
            "label": ["Metal", "Metal", "Glass", "Metal", "Metal", "Metal", "Glass", "Paper"],
        }
    )
    where = (
        "8 test images: 3 of known items; of the other 5, one is Glass, training's largest class"
    )
    expect(
        tried(answer, train, test, where=where),
        4 / 8,
        where,
        Slip(
            3 / 8,
            "an unknown item is always answered wrongly",
            "for these, answer the most frequent label of the training images",
        ),
        Slip(
            3 / 3,
            "only the known items are scored",
            "divide by all test images",
        ),
        Slip(
            6 / 8,
            "the most frequent label was looked up in the test",
            "a model knows the training images only",
        ),
        Slip(
            2 / 8,
            "every image is answered with the most frequent label",
            "an item that was in training is answered with its own label",
        ),
    )
    right("It has learnt nothing about waste; on a random split it would be praised.")


def mended(answer: Callable) -> None:
    """The subset of each image when whole groups go to one side."""
    where = (
        "a can in train and test, a jar in validation and test, a mug in validation and train, "
        "and items on one side"
    )
    mug = pd.DataFrame({"group": ["mug", "mug"], "subset": ["validation", "train"]})
    items = pd.concat([ITEMS, mug], ignore_index=True)
    found = tried(answer, items, where=where)
    result = items.assign(new=of_each_row(found, items, where))
    sides = result.groupby("group")["new"].nunique()
    torn = list(sides.index[sides != 1])
    where_to = "the first of train, validation, test in which it has an image"
    require(
        not torn,
        f"the group '{', '.join(torn)}' is not on one side",
        where,
        f"move each whole group to {where_to}, and return the subsets in the order of the rows; "
        "validation and test must not share a group either",
    )
    whole = result.groupby("group")["subset"].transform("nunique") == 1
    moved = result[whole & (result["new"] != result["subset"])]
    require(
        moved.empty,
        f"the group '{', '.join(moved['group'].unique())}' was on one side already, and has moved",
        where,
        "leave such groups where they are",
    )
    wanted = {"can": "train", "jar": "validation", "mug": "train"}
    for group, subset in wanted.items():
        new = result.loc[result["group"] == group, "new"].iloc[0]
        require(
            new == subset,
            f"the group '{group}' is in {new}",
            where,
            f"a group goes to {where_to}: what training has seen cannot be unseen",
        )
    right("The test has become smaller, and honest.")
