internal import YAML

/// What reading a file needs, and what it finds: one for a file, shared by its sections.
final class ConfigurationReader {
  typealias Mark = Configuration.Mark

  let file: String
  /// Whether what only a connection to the directory needs is read: its password, certificates and key.
  let needsDirectory: Bool
  private let environment: EnvironmentSubstitution
  private let readFile: (String) throws(UnreadableFile) -> [UInt8]
  private(set) var problems: [Configuration.Problem] = []
  private(set) var warnings: [Configuration.Problem] = []
  private(set) var positions: [String: Mark] = [:]
  /// Looks at who may read and write a file.
  let exposure: FileExposure.Look
  /// Values that hold a password and stand in the file as they are.
  var literalSecrets: [ConfiguredText] = []
  private(set) var keyPositions: [String: Mark] = [:]

  init(
    file: String, environment: [String: String], needsDirectory: Bool = true,
    readFile: @escaping (String) throws(UnreadableFile) -> [UInt8], exposure: @escaping FileExposure.Look
  ) {
    self.file = file
    self.needsDirectory = needsDirectory
    self.exposure = exposure
    self.environment = EnvironmentSubstitution(environment: environment)
    self.readFile = readFile
  }

  func problem(_ mark: Mark, _ message: String) {
    problems.append(.init(file: file, mark: mark, message: message))
  }

  func warning(_ mark: Mark, _ message: String) {
    warnings.append(.init(file: file, mark: mark, message: message))
  }

  /// Notes where a key and its value stand. The value counts, but a list, a mapping or nothing is where its
  /// key is.
  func note(_ path: String, key: Mark, value: YAMLNode) {
    keyPositions[path] = key
    if case .text = value.content { positions[path] = value.mark } else { positions[path] = key }
  }

  /// The text of a scalar with the environment's values in it; nil, with the problem noted, if it is none.
  func text(_ node: YAMLNode, path: String) -> ConfiguredText? {
    guard case .text(let raw) = node.content else {
      problem(node.mark, "\(path): expected text, found \(node.kind)")
      return nil
    }
    do throws(EnvironmentSubstitution.Flaw) {
      let (value, substituted) = try environment.apply(to: raw)
      // libpq and libldap take C strings, which would end there.
      guard !value.utf8.contains(0) else {
        problem(node.mark, "\(path): holds a NUL character")
        return nil
      }
      return ConfiguredText(
        value: value, shown: substituted ? raw : value, isSubstituted: substituted, mark: node.mark,
        path: path)
    } catch {
      problem(node.mark, "\(path): \(error.message)")
      return nil
    }
  }

  /// The contents of a file that the configuration names; nil, with the problem noted, if it cannot be read.
  func contents(of name: ConfiguredText) -> [UInt8]? {
    do throws(UnreadableFile) {
      return try readFile(resolved(name.value))
    } catch {
      problem(name.mark, "\(name.path): cannot read \"\(name.shown)\": \(error.reason)")
      return nil
    }
  }

  /// A relative name counts from the folder of the configuration, wherever the process was started.
  func resolved(_ name: String) -> String {
    guard !name.hasPrefix("/"), let slash = file.lastIndex(of: "/") else { return name }
    return file[...slash] + name
  }
}

/// A text from the file, ready for use, with what may be said about it in a message.
struct ConfiguredText {
  var value: String
  /// As the file has it where it names the environment: a value from there is never shown.
  var shown: String
  var isSubstituted: Bool
  var mark: Configuration.Mark
  var path: String
}

extension YAMLNode {
  var isNull: Bool {
    if case .null = content { true } else { false }
  }

  /// For messages: "expected text, found a list".
  var kind: String {
    switch content {
    case .null: "nothing"
    case .text: "text"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
