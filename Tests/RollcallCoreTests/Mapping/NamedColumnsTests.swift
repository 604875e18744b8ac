import RollcallCore
import Testing

/// The names that an expression may mean columns by.
@Suite struct NamedColumnsTests {
  @Test(arguments: [
    ("status = 'active'", ["status"]),
    ("roster.Status IN ('a', 'it''s b')", ["roster", "status", "in"]),
    ("NOT \"Left \"\"At\" AND A", ["not", "Left \"At", "and", "a"]),
    ("a -- b\n+ c /* d /* e */ f */ || g", ["a", "c", "g"]),
    ("E'it\\'s x' || y || $$ z $$ || $t$ u $v$ $t$ || w1$", ["e", "y", "w1$"]),
    ("größe > 1.5e3 AND größe < $1", ["größe", "e3", "and"]),
    ("'open", []), ("\"open", ["open"]), ("/* open", []), ("$$ open", []), ("", []),
  ])
  func names(_ expression: String, _ expected: [String]) {
    #expect(namesInSQL(expression) == expected)
  }
}
