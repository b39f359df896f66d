//! RF201–RF213: names, values and conditions.

use super::{Explanation, error, warning};

pub(super) const VALUES: &[Explanation] = &[
    error(
        201,
        "An unknown name",
        "An expression reads a name that is neither under `needs` or `vars` nor saved by a state.",
        "The text would have a hole where the customer's name should be, or a condition would never hold.",
        "Take the suggested name, or declare it under `needs` or `vars`, or `save` it.",
    ),
    error(
        202,
        "Braces in a condition",
        "`if` is an expression already. Braces belong to texts, where they show what is an expression.",
        "The condition cannot be read, so nobody could be sent the right way.",
        "Leave out `{{` and `}}`.",
    ),
    error(
        203,
        "A start that does not give what is needed",
        "The flow `needs` a value that this start or this `run` does not hand over.",
        "The run could not begin: the customer writes the keyword and nothing happens.",
        "Add it under `with`, or give the need a default.",
    ),
    error(
        204,
        "A value that one way does not set",
        "The value is read here, but on the way in the message nothing has saved or set it before.",
        "Customers who come that way get a text with a hole, or a condition that fails.",
        "Set it on that way too, give it a first value under `vars`, or write `{{ … ?? '…' }}`.",
    ),
    warning(
        205,
        "A value that can be empty in a text",
        "The value can be nothing here, and nothing is shown as an empty text.",
        "The customer reads `Hello , your order`.",
        "Say what stands there instead: `{{ contact.name ?? 'dear customer' }}`.",
    ),
    error(
        206,
        "Two types that are never equal",
        "Values of these types are never equal or in order, so the comparison has always the same result.",
        "Every customer would be sent the same way, whatever they answered.",
        "Compare with a value of the same type: a number without quotes, a choice by its id.",
    ),
    error(
        207,
        "An unknown function, or wrong arguments",
        "There is no such function or filter, or it takes another number or other types of values.",
        "The text or condition could not be computed when a customer comes to it.",
        "Take the suggested function; docs/expressions.md lists all with examples.",
    ),
    error(
        208,
        "Not readable here",
        "`event`, `body` and `item` exist only where something just came: in entries of `start` and `anytime` with an event or a webhook and where a `wait` asks whether an event is the one, in `save`, in a list.",
        "A keyword brings no event, and later in the conversation it is gone: the value would be empty.",
        "Keep what you need in a variable: under `with` in the start, or with `save`.",
    ),
    error(
        209,
        "A reserved name",
        "The name has a meaning of its own in expressions.",
        "Whoever reads the flow could not tell the variable from the built-in value.",
        "Choose another name.",
    ),
    warning(
        210,
        "A variable that nobody reads",
        "The variable is declared, saved or set, but neither a text nor a condition nor a call ever reads it.",
        "Mostly a name is misspelled elsewhere, or something is fetched for nothing. What people answer, and which arm they take, is kept for figures and never called unread.",
        "Read it, or leave it out.",
    ),
    error(
        211,
        "Not an attribute of a contact",
        "The project does not declare this attribute, and it is none of those that every contact has.",
        "It would be empty for every customer, and nobody would notice.",
        "Declare it under [attributes] in replyflow.toml, or take the suggested name.",
    ),
    error(
        212,
        "An expression that is too large",
        "The expression is longer or more deeply nested than allowed.",
        "Limits keep the cost of every turn small and known.",
        "Compute a part of it before, with `set`, and use the variable here.",
    ),
    error(
        213,
        "A value of another type",
        "This gives a variable, an attribute of the contact or a parameter of a notification or sub-flow a value of another type than it has, or a language, a time zone or consent that is none.",
        "A comparison or a sum that holds for one customer would fail for the next.",
        "Use a second variable, or convert the value: `number(…)`, `text(…)`.",
    ),
];
