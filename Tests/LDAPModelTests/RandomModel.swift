public import LDAPModel
public import Testing

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}

/// Values that have broken an LDAP client somewhere.
let awkwardTexts = [
  "a,b", "#hash", " lead", "trail ", "  ", " ", "qu\"ote", "back\\slash", "ümläüt", "u\u{308}mla\u{308}ut",
  "日本語",
  String(repeating: "x", count: 64), "*()", "\0", "a\0b", "\\00", "a+b=c", "a;b", "<angle>", "a  b",
  "tab\there",
  "line\nbreak", "carriage\r\nreturn", ": colon", ":", "-", "=", "+", "#", "\\", "\\\\", "\"", "\"quoted\"",
  "a\\",
  "é\u{1F469}\u{200D}\u{1F4BB}", "\u{A0}nbsp\u{3000}", "ß İ ı Σς", "\u{7F}\u{85}", "cn=x,dc=y", "(cn=*)", "",
  "dn: cn=x\n\ndn: cn=y", "Ünïcode, \"Inc.\" <x>; #1 + 2 = 3\\", "\u{FEFF}bom", "***", "{SSHA}abc==",
]

/// What tests draw their input from.
struct RandomModel {
  private var generator: SeededGenerator

  init(seed: UInt64) {
    generator = SeededGenerator(seed: seed)
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }

  mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[number(0...elements.count - 1)] }

  mutating func bytes(_ count: ClosedRange<Int>) -> [UInt8] {
    (0..<number(count)).map { _ in UInt8.random(in: 0...255, using: &generator) }
  }

  mutating func list<Element>(_ count: ClosedRange<Int>, _ element: (inout Self) -> Element) -> [Element] {
    (0..<number(count)).map { _ in element(&self) }
  }

  /// Characters of the formats' own syntax, so that parsers get deep.
  mutating func noise(_ alphabet: String, _ count: ClosedRange<Int>) -> String {
    let letters = Array(alphabet)
    return String(list(count) { $0.pick(letters) })
  }

  mutating func value() -> AttributeValue {
    switch number(0...9) {
    case 0...3: AttributeValue(pick(awkwardTexts))
    case 4: AttributeValue(pick(awkwardTexts) + pick(awkwardTexts))
    case 5: AttributeValue(bytes: bytes(0...12))
    case 6: AttributeValue(bytes: bytes(0...200))
    case 7: AttributeValue(noise("aAbB  ,+\\\"#=;<>üÜ*()", 0...12))
    default: AttributeValue(noise("abcABC xyz", 1...8))
    }
  }

  mutating func attribute() -> String {
    pick([
      "cn", "CN", "sn", "uid", "ou", "dc", "mail", "description", "telephoneNumber", "employeeNumber",
      "2.5.4.3",
      "commonName", "homeDirectory", "member", "uidNumber", "x-unknown", "entryUUID", "objectClass",
    ])
  }

  mutating func relativeName() -> RelativeDistinguishedName {
    RelativeDistinguishedName(
      list(1...(chance(20) ? 3 : 1)) { random in
        if random.chance(5) {
          .init(type: random.attribute(), value: AttributeValue(bytes: random.bytes(1...9)), isBER: true)
        } else {
          .init(type: random.attribute(), value: random.value())
        }
      })
  }

  mutating func name() -> DistinguishedName {
    DistinguishedName(list(0...5) { $0.relativeName() })
  }

  mutating func filter(depth: Int = 4) -> Filter {
    func filled(_ random: inout Self) -> AttributeValue {
      AttributeValue(bytes: random.value().bytes + [0x61])
    }
    switch number(depth > 0 ? 0...10 : 3...10) {
    case 0: return .and(list(0...3) { $0.filter(depth: depth - 1) })
    case 1: return .or(list(0...3) { $0.filter(depth: depth - 1) })
    case 2: return .not(filter(depth: depth - 1))
    case 3: return .present(attribute())
    case 4: return .greaterOrEqual(attribute(), value())
    case 5: return .lessOrEqual(attribute(), value())
    case 6: return .approximate(attribute(), value())
    case 7:
      return .substrings(
        attribute(), initial: filled(&self), any: list(0...2, filled), final: chance(50) ? filled(&self) : nil
      )
    case 8:
      let rule = chance(50) ? "caseExactMatch" : nil
      return .extensible(
        rule == nil || chance(50) ? attribute() : nil, rule: rule, dn: chance(50), value())
    default: return .equal(attribute(), value())
    }
  }

  /// Attributes of different names, each with different values.
  mutating func attributes() -> [Attribute] {
    var names = [
      "cn", "sn", "mail", "description", "jpegPhoto;binary", "userPassword", "x-unknown", "member",
    ]
    names.shuffle(using: &generator)
    return names.prefix(number(1...5)).map { name in
      Attribute(name, Array(Set(list(1...4) { $0.value() })))
    }
  }

  mutating func operation(on dn: DistinguishedName) -> Operation {
    switch number(0...4) {
    case 0: .add(dn, attributes())
    case 1: .delete(dn)
    case 2: .rename(dn, to: relativeName(), deleteOld: chance(50), newParent: chance(50) ? name() : nil)
    default:
      .modify(
        dn,
        list(1...4) { random in
          Modification(
            random.pick([.add, .delete, .replace]), random.attribute(),
            Array(Set(random.list(0...2) { $0.value() })))
        })
    }
  }
}

extension Entry: CustomTestStringConvertible {
  public var testDescription: String { LDIF.entry(self, secrets: []) }
}
