import type { ErrorCode } from "yaml";

/**
 * What a syntax error of YAML means and what to do. Our own words: the parser's quote the text, and that
 * may be a key pasted into the wrong place.
 */
export function yamlProblemText(code: ErrorCode): string {
  return texts[code];
}

const texts: Readonly<Record<ErrorCode, string>> = {
  ALIAS_PROPS: "an alias (*name) cannot have an anchor or a tag of its own",
  BAD_ALIAS: "an alias (*name) has no anchor (&name) before it, or a name that YAML does not allow",
  BAD_COLLECTION_TYPE: "a tag does not fit the map or list that it stands at; remove it",
  BAD_DIRECTIVE: "a line begins with % but is no directive of YAML; quote it or remove it",
  BAD_DQ_ESCAPE: 'text in double quotes has a backslash that means nothing; use \\\\ or "single quotes"',
  BAD_INDENT: "the indentation does not fit the lines around it, or a bracket above is not closed",
  BAD_PROP_ORDER: "an anchor (&name) or tag stands in the wrong place",
  BAD_SCALAR_START: "text begins with a character that YAML reserves (such as @ or `); put it in quotes",
  BLOCK_AS_IMPLICIT_KEY: "two names with colons stand on one line; put the text in quotes or on its own line",
  BLOCK_IN_FLOW: "lines with dashes or indentation cannot stand inside [ ] or { }",
  DUPLICATE_KEY: "the same name stands twice in one map; remove one",
  IMPOSSIBLE: "cannot be read as YAML",
  KEY_OVER_1024_CHARS: "a name is longer than 1024 characters; is a quote or a colon missing?",
  MISSING_CHAR:
    "something is missing here or above: a closing quote or bracket, a comma, or the space after a colon",
  MULTILINE_IMPLICIT_KEY: "a name must end with a colon on its own line; is the colon missing?",
  MULTIPLE_ANCHORS: "has two anchors (&name); one is allowed",
  MULTIPLE_DOCS: "the file holds more than one document; remove everything from the second --- on",
  MULTIPLE_TAGS: "has two tags; none is needed",
  NON_STRING_KEY: "a name must be plain text",
  RESOURCE_EXHAUSTION: "is nested too deeply",
  TAB_AS_INDENT: "is indented with a tab; YAML needs spaces",
  TAG_RESOLVE_FAILED: "has a tag (!name) that is not known; remove it",
  UNEXPECTED_TOKEN: "something stands here that does not belong: a bracket, a quote or a colon too many",
};
