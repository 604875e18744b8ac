/// Replaces `${NAME}` by the environment's value, anywhere in a text; `$${` stands for a literal `${`.
///
/// It happens after YAML is parsed, so a value can contain any character without changing the file's structure.
package struct EnvironmentSubstitution {
  package struct Flaw: Error {
    package var message: String
  }

  var environment: [String: String]

  package init(environment: [String: String]) { self.environment = environment }

  /// The text with values, and whether any were inserted.
  package func apply(to text: String) throws(Flaw) -> (text: String, substituted: Bool) {
    var result = ""
    var substituted = false
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
      result += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        result += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        guard let end = rest.firstIndex(of: "}") else {
          throw Flaw(message: "\"${\" without a closing \"}\"; write $${ for a literal ${")
        }
        let name = String(rest[rest.index(dollar, offsetBy: 2)..<end])
        guard Self.isName(name) else {
          throw Flaw(message: "\"${\(name)}\" is not the name of an environment variable; write $${ for a literal ${")
        }
        guard let value = environment[name] else {
          throw Flaw(message: "the environment variable \(name) is not set")
        }
        result += value
        substituted = true
        rest = rest[rest.index(after: end)...]
      } else {
        result += "$"
        rest = rest.dropFirst()
      }
    }
    return (result + rest, substituted)
  }

  /// The names that a text uses, including those in comments.
  static func names(in text: String) -> Set<String> {
    Set(
      text.split(separator: "${").dropFirst().compactMap { rest in
        rest.firstIndex(of: "}").map { String(rest[..<$0]) }
      })
  }

  /// POSIX's form of a name: letters, digits and underscores, not starting with a digit.
  private static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return name.utf8.allSatisfy { byte in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F: true
      default: false
      }
    }
  }
}
