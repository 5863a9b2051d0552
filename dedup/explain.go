package dedup

// A Rule names the rule that a step or an event comes from.
type Rule string

// The rules.
const (
	RuleKey       Rule = "key"       // both have the key, and nothing keeps them apart
	RuleNameless  Rule = "nameless"  // without a name it joins whoever had the key
	RuleLeaf      Rule = "leaf"      // without a name, placed by time
	RuleSame      Rule = "same"      // a ruling
	RuleDifferent Rule = "different" // a ruling
	RuleNames     Rule = "names"     // their given names exclude one another
	RuleShared    Rule = "shared"    // the key is an office's
	RuleFollows   Rule = "follows"   // the caller said so
	RuleEcho      Rule = "echo"      // what we had written ourselves
	RuleRead      Rule = "read"      // how a value was read
	RuleTrace     Rule = "trace"     // both say the same
)
