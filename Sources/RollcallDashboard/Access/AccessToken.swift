internal import Glibc

/// What a person proves to be allowed to look with.
struct AccessToken: Sendable {
  /// Why a file is not taken.
  struct Refusal: Error, CustomStringConvertible {
    let description: String
  }

  /// A shorter one could be guessed.
  static let shortest = 20

  let text: String

  /// A new one, to be shown to whoever started the program.
  static func make() -> AccessToken { AccessToken(text: RandomText.make()) }

  private init(text: String) { self.text = text }

  /// The first line of a file that nobody but its owner may read or write; its group may read it.
  init(file path: String) throws(Refusal) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else {
      throw Refusal(description: "cannot read the token file \(path): \(unsafe String(cString: strerror(errno)))")
    }
    defer { close(descriptor) }
    var found = stat()
    guard unsafe fstat(descriptor, &found) == 0, found.st_mode & S_IFMT == S_IFREG else {
      throw Refusal(description: "the token file \(path) is not a file")
    }
    guard found.st_mode & (S_IRWXO | S_IWGRP) == 0 else {
      throw Refusal(
        description: "the token file \(path) is not secret: users other than its owner can read or write it; "
          + "chmod 600 \(path), or 640 for a group that may read it")
    }
    var octets = [UInt8](repeating: 0, count: 4096)
    let count = unsafe read(descriptor, &octets, octets.count)
    let line = octets.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
    guard let text = String(validating: line, as: UTF8.self), text.unicodeScalars.count >= Self.shortest else {
      throw Refusal(
        description: "the token in \(path) is shorter than \(Self.shortest) characters; make one with: "
          + "openssl rand -hex 32 > \(path)")
    }
    self.text = text
  }
}
