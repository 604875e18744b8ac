internal import Glibc

/// A null-terminated array of C strings.
@safe
final class CStrings {
  var list: [UnsafeMutablePointer<CChar>?]

  init(_ texts: [String]) {
    unsafe list = texts.map { text in unsafe strdup(text) } + [nil]
  }

  deinit {
    for index in unsafe list.indices { unsafe free(list[index]) }
  }
}
