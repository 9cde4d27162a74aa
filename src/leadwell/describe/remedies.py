"""What to do about each error, for who meets it at night. A test asks for all."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "invalid_query": "Mend every parameter that `errors` lists, and ask again.",
    "unknown_parameter": "Compare the name with `allowed` and `did_you_mean`: names "
    "are compared letter by letter, and fields are asked for by their slugs.",
    "duplicate_parameter": "Give the parameter once: `name=a,b` asks for several "
    "values.",
    "empty_value": "Leave the parameter out, or give it a value.",
    "masked_field": "Ask without this field: the schema marks all that are masked. If "
    "you need its values, ask the owner for a token that names it among its fields.",
    "unknown_operator": "Take one of the comparisons in `allowed`.",
    "unknown_option": "Take a slug from `allowed`, or read the schema again: an option "
    "may be new or gone.",
    "label_not_slug": "Send the slug that `did_you_mean` names. Labels may be renamed "
    "at any time, slugs are for programs.",
    "malformed_value": "Write the value as the message says. A `+` in a URL stands "
    "for a space: percent-encode what you send.",
    "out_of_range": "Stay within the bounds that the message names. Nothing is cut "
    "down to them in silence.",
    "malformed_query": "Percent-encode the query string as UTF-8: a `%` itself is "
    "`%25`.",
    "too_many": "Split the request into several.",
    "contradiction": "Leave out one of the two.",
    "invalid_cursor": "Send the cursor whole, with the token, campaign and conditions "
    "that it came with. If it is lost, begin without one.",
    "malformed_body": "Send one JSON object in UTF-8, without a name twice.",
    "malformed_request": "Look at what your HTTP client or a proxy adds to the "
    "headers.",
    "token_in_url": "Send the token in the header `Authorization`, and ask the owner "
    "for a new one: what stands in a URL is in logs.",
    "not_authenticated": "Send the header `Authorization: Bearer …`. Some clients "
    "drop it when they follow a redirect.",
    "invalid_token": "Compare the token with the one that you were given. If it is "
    "right, it has expired or was revoked: ask the campaign's owner.",
    "insufficient_scope": "Look at `/v2/me` for the campaign and the rights of your "
    "token, and ask the owner for another one if you need more.",
    "address_not_allowed": "Ask the campaign's owner to add the address that your "
    "requests come from.",
    "not_allowed": "Ask an administrator of your account to do it, or for the role.",
    "origin_not_allowed": "Ask from a program, or from a page of the hub itself.",
    "not_found": "Compare the path with the list of all requests.",
    "campaign_not_found": "Look at `/v2/campaigns` for the campaigns of your token.",
    "lead_not_found": "Take it as gone: deleted, or no longer inside your token's "
    "filter. The change feed says which.",
    "method_not_allowed": "Take one of the methods that the header `Allow` lists.",
    "conflict": "Take another name, or change what has this one.",
    "duplicate_lead": "Change the lead that is named, or send its `external_id` if it "
    "is yours: a known one is an update. The same lead sent again is refused again.",
    "precondition_failed": "Read the lead again, make your change to what it says now, "
    "and send it with the new version.",
    "cursor_lost": "Begin anew: follow `Link: rel=start`, and let the result replace "
    "your copy.",
    "link_ended": "Ask whoever gave you the link for a new one.",
    "snapshot_lost": "Begin with page 1, or walk with `_cursor=start`, which is never "
    "lost to idleness.",
    "body_too_slow": "Send the body at once, and again: nothing was written.",
    "body_too_large": "Send fewer leads in one request.",
    "url_too_long": "Ask for less in one request.",
    "unsupported_media_type": "Send the body with `Content-Type: application/json`, "
    "not compressed.",
    "invalid_lead": "Mend every value that `errors` lists; each has a `pointer` to its "
    "place. The same lead sent again is refused again, so do not retry it.",
    "required": "Give the field a value.",
    "unknown_field": "Compare the name with `allowed` and `did_you_mean`.",
    "outside_scope": "Give the lead values that your token's own filter lets through.",
    "idempotency_key_reused": "Make a new key for each new request, and send a "
    "repeated one with the same body.",
    "invalid_batch": "Mend the leads that `errors` points to and send the batch "
    "again, or send it without `atomic`.",
    "invalid_definition": "Mend every place that is listed in the schema file.",
    "headers_too_large": "Send fewer or shorter headers; most often it is cookies.",
    "rate_limited": "Wait as long as `Retry-After` says, then send the same again. "
    "Read the changes in place of everything, and many leads with each request; "
    "`/v2/me` says what your rate is, and the hub's operator can give you another.",
    "too_many_at_once": "Wait until one of your requests is answered. A few "
    "connections are as quick as many.",
    "overloaded": "Wait as long as `Retry-After` says, then send the same again: "
    "nothing was done. Who runs the hub sees in its figures which limit was met.",
    "unavailable": "Wait as long as `Retry-After` says, then send the same again.",
    "internal_error": "Try once more. If it stays, send the `request_id` to who runs "
    "the hub.",
    "usage": "Look at the command's `--help`.",
    "unreadable_file": "Save the file as CSV in UTF-8, as XLSX or as NDJSON.",
    "refused": "Read the message: it says how to go on.",
}
"""By error code."""
