//! RF301–RF310: questions and what people can answer.

use super::{Explanation, error, warning};

pub(super) const ANSWERS: &[Explanation] = &[
    error(
        301,
        "A kind of answer that does not exist",
        "`answer` names a kind that the format does not have.",
        "Replies to this question could not be understood.",
        "Take one of the kinds in the message; docs/replies.md shows what each understands.",
    ),
    error(
        302,
        "A choice with the name of an outcome",
        "A choice or an arm is called like a trouble, or like a word with a meaning under `go`.",
        "`go` could not tell the customer's choice from the trouble.",
        "Choose another id. What people see is the label, which can be any text.",
    ),
    error(
        303,
        "One text for two choices",
        "A customer who writes this chooses two things at once: as a label, a synonym or a number.",
        "Neither can be taken, so the customer is told that the answer was not understood.",
        "Give one of the two another label or another `also`.",
    ),
    error(
        304,
        "A choice that opts out",
        "The label or synonym is a word like STOP or HELP, which the law and the carriers give a meaning before any flow.",
        "A customer who wanted to choose would get no more messages at all.",
        "Use a label of two words, such as `Stop delivery`.",
    ),
    warning(
        305,
        "A choice that is a command",
        "The word is also a command of `anytime`, such as `menu` or `back`.",
        "Written exactly it chooses; written with a slip or with words around it, it is the command.",
        "Choose another label, or leave the command out of `anytime`.",
    ),
    error(
        306,
        "A pattern that is wrong or dangerous",
        "The regular expression cannot be read, or it is larger than allowed.",
        "No reply could match, so every customer would be told that theirs was not understood.",
        "Correct the pattern. Most things have a kind of their own: `number`, `date`, `phone`, `email`.",
    ),
    error(
        307,
        "`min` above `max`",
        "The least value is greater than the greatest.",
        "No reply can be right, so every customer would be asked until the tries are used up.",
        "Exchange the two, or correct one.",
    ),
    error(
        308,
        "A question that may have no choice",
        "Every choice has an `if`, so there may be none left to choose.",
        "The customer would be asked a question that has no answer.",
        "Leave at least one choice without `if`.",
    ),
    warning(
        309,
        "Two choices that are one slip apart",
        "The two texts differ by one letter.",
        "A customer who mistypes one may choose the other; where both are near, neither is taken.",
        "Choose words that differ more, or let the numbers decide.",
    ),
    warning(
        310,
        "An answer that a channel cannot carry",
        "The flow talks on a channel where this kind of answer cannot be sent, such as a place over SMS.",
        "Customers on that channel can never answer rightly.",
        "Leave the channel out of `channels`, or let `nomatch` lead to a question that can be answered there.",
    ),
];
