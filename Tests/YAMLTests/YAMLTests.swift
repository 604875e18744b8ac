import Testing
import YAML

@Suite struct YAMLTests {
  @Test(arguments: [
    ("a: b", "{a: 'b'}"),
    ("a: ~\nb: null\nc:\nd: 'null'\ne: !!str null", "{a: ~, b: ~, c: ~, d: 'null', e: 'null'}"),
    ("- 1\n- [true, 0x1F]\n- {}", "['1', ['true', '0x1F'], {}]"),
    ("a: |\n  one\n  two\nb: >-\n  one\n  two", "{a: 'one\ntwo\n', b: 'one two'}"),
    ("null: a\n'': b\n<<: c", "{null: 'a', : 'b', <<: 'c'}"),
    ("\"\\u00e4\\0\": ä", "{ä\0: 'ä'}"),
    ("a: &x [1, &y 2]\nb: *x\nc: *y", "{a: ['1', '2'], b: ['1', '2'], c: '2'}"),
    // An anchor that is given again means the later node from there on (YAML 1.2, 7.1).
    ("- &x a\n- *x\n- &x b\n- *x", "['a', 'a', 'b', 'b']"),
    ("&k key: 1\nother: *k", "{key: '1', other: 'key'}"),
    ("%YAML 1.1\n---\na: b\n...\n", "{a: 'b'}"),
  ])
  func content(text: String, expected: String) throws {
    #expect(try #require(try YAMLNode.parse(text)).outline == expected)
  }

  @Test(arguments: ["", "\n\n", "# nothing", "\u{FEFF}"])
  func nothing(text: String) throws {
    #expect(try YAMLNode.parse(text)?.outline == nil)
  }

  @Test func everyNodeHasItsPlace() throws {
    let root = try #require(try YAMLNode.parse("ä: [b, c]\nd:\n  e: 'f'\n"))
    guard case .mapping(let pairs) = root.content else { return #expect(Bool(false), "\(root)") }
    #expect(pairs.map(\.mark) == [.init(line: 1, column: 1), .init(line: 2, column: 1)])
    #expect(pairs.map(\.value.mark) == [.init(line: 1, column: 4), .init(line: 3, column: 3)])
  }

  @Test(arguments: [
    ("a: &x [*x]", "1:8: invalid YAML: found undefined alias; put the value in quotes"),
    ("a: &x\n  b: &y { c: d }\n  e: *x", "3:6: invalid YAML: found undefined alias; put the value in quotes"),
    ("? *x\n: a", "1:3: invalid YAML: found undefined alias; put the value in quotes"),
    ("a: !!int 5", "1:4: a YAML tag (tag:yaml.org,2002:int) has no meaning here"),
    ("a: ! b", "1:4: a YAML tag (!) has no meaning here"),
    ("a: { b: 1, 'b': 2 }", "1:6: duplicate key \"b\"; this is the first of them"),
    ("{ a: b,c,c }", "1:8: duplicate key; this is the first of them"),
  ])
  func flaws(text: String, expected: String) {
    let flaw = #expect(throws: YAMLNode.Flaw.self) { _ = try YAMLNode.parse(text) }
    #expect(flaw.map { "\($0.mark): \($0.message)" } == expected)
  }

  /// An alias costs no memory, but whoever walks through the nodes meets each of them.
  @Test func aliasesDoNotNestDeeperThanNodesMay() {
    var text = "a0: &a0 x\n"
    for level in 1...20 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    let flaw = #expect(throws: YAMLNode.Flaw.self) { _ = try YAMLNode.parse(text) }
    #expect(flaw?.message == "nested too deeply")
  }
}

extension YAMLNode {
  fileprivate var outline: String {
    switch content {
    case .null: "~"
    case .text(let text): "'\(text)'"
    case .list(let nodes): "[\(nodes.map(\.outline).joined(separator: ", "))]"
    case .mapping(let pairs): "{\(pairs.map { "\($0.key): \($0.value.outline)" }.joined(separator: ", "))}"
    }
  }
}
