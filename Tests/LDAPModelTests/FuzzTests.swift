import LDAPModel
import Testing

/// Random input to every parser: nothing traps, nothing hangs, and what is accepted keeps the laws.
struct FuzzTests {
  @Test(arguments: 0..<32)
  func names(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<200 {
      let text = random.text("cnouCN=,;+\\\"# <>\u{0}aA0fFü'B.-")
      let name = DistinguishedName(unchecked: text)
      _ = (name.first, name.parent, name.isBelow("dc=x", .builtin))
      let canonical = DistinguishedName(unchecked: name.normalized(.builtin))
      #expect(canonical.normalized(.builtin) == canonical.text)
      guard let parsed = try? name.relativeNames() else { continue }
      #expect(try DistinguishedName(parsed).relativeNames() == parsed)
      #expect(DistinguishedName(parsed).isEquivalent(to: name, .builtin))
    }
  }

  @Test(arguments: 0..<32)
  func filters(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<300 {
      guard let filter = try? Filter(parsing: random.text("()&|!=*:<>~\\cn dn0fF;ü")) else { continue }
      #expect(try Filter(parsing: filter.description) == filter)
    }
  }

  @Test(arguments: 0..<32)
  func ldif(seed: UInt64) throws {
    var random = RandomModel(seed: seed)
    for _ in 0..<200 {
      var text = random.text("\n\n\n\r :-#<cdn=adeletmodify")
      if random.chance(70) {
        // A good record with some of its characters changed.
        var record = Array(LDIF.change(random.operation(on: random.name())).utf8)
        for _ in 0..<random.number(0...4) {
          record[random.number(0...record.count - 1)] = random.pick(Array("\n: -#dn=cé".utf8))
        }
        text = String(decoding: record, as: UTF8.self)
      }
      guard let records = try? LDIF.parse(text) else { continue }
      let printed = records.map { record in
        switch record {
        case .entry(let entry): LDIF.entry(entry, secrets: [])
        case .change(let operation): LDIF.change(operation, secrets: [])
        }
      }.joined()
      #expect(try LDIF.parse(printed) == records)
    }
  }

  @Test(arguments: 0..<32)
  func schemas(seed: UInt64) {
    var random = RandomModel(seed: seed)
    for _ in 0..<200 {
      var words = random.list(0...12) { random in
        random.pick([
          "(", ")", "$", "'", "'a'", "1.1", "NAME", "SUP", "MUST", "a", "EQUALITY", "SYNTAX", "X-Y",
          "SINGLE-VALUE", "ü",
        ])
      }
      if random.chance(50) { words = ["(", "1.1"] + words + [")"] }
      let text = random.chance(80) ? words.joined(separator: " ") : random.text("()$'1. aNAMESUP")
      let schema = Schema(attributeTypes: [text, text], objectClasses: [text])
      _ = (schema.must(classes: ["a"]), schema.matchingRule(for: "a"), schema.canonicalName("a"))
    }
  }

  @Test(arguments: MatchingRule.allCases)
  func values(_ rule: MatchingRule) {
    var random = RandomModel(seed: 11)
    for _ in 0..<2000 {
      let value = AttributeValue(
        bytes: random.chance(50) ? random.bytes(0...40) : Array(random.text("0123456789.,+-Z #'B=cn").utf8))
      let once = rule.normalize(value)
      #expect(rule.normalize(once) == once)
    }
  }

  /// Input that is long and repetitive takes time in proportion, and no stack.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      "(", ")", "(!", "(&", "(|(cn=a)", "cn=a,", "cn=a+", "member=", "\\", "\\2c", "\"", "#", " ", "\n",
      "dn: cn=a\n", "a:\n ",
      "'", "( 1.1 NAME ", "$ ", "*", "cn:dn:", "=", "member=\\", "member=\"",
    ])
  func longInput(_ piece: String) {
    let text = String(repeating: piece, count: 30_000 / piece.utf8.count)
    let name = DistinguishedName(unchecked: "member=" + text)
    _ = (name.normalized(.builtin), name.first, name.parent)
    _ = try? DistinguishedName(parsing: text)
    _ = try? Filter(parsing: text)
    _ = try? LDIF.parse(text)
    _ = LDIF.comment(text)
    _ = LDIF.entry(Entry(name, [Attribute("cn", [AttributeValue(text)])]))
    _ = Schema(attributeTypes: [text, "( 1.1 " + text + ")"], objectClasses: [text])
    for rule in MatchingRule.allCases { _ = rule.normalize(AttributeValue(text)) }
  }
}

extension RandomModel {
  /// Random octets, the format's own characters, or awkward pieces put together.
  mutating func text(_ alphabet: String) -> String {
    switch number(0...9) {
    case 0: String(decoding: bytes(0...40), as: UTF8.self)
    case 1: list(0...4) { $0.pick(awkwardTexts) }.joined(separator: pick(["", ",", "=", "\n"]))
    default: noise(alphabet, 0...40)
    }
  }
}
