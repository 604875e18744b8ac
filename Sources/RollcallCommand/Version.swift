/// Which program this is.
enum Version {
  /// As in CHANGELOG.md; between two releases that of the next one with `-dev` behind it.
  static let text = "0.2.0-dev"
}
