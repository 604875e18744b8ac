internal import LDAPModel
internal import YAML

/// Names and filters, checked while their position in the file is known.
extension ConfigurationSection {
  /// nil, with the problem recorded, if the text is not a DN.
  func distinguishedName(_ text: ConfiguredText) -> DistinguishedName? {
    do throws(InvalidName) {
      return try DistinguishedName(parsing: text.value)
    } catch {
      reader.problem(text.mark, "\(text.path): \"\(text.shown)\" is not a distinguished name: \(error.reason)")
      return nil
    }
  }

  /// nil, with the problem recorded, if the text is not a filter (RFC 4515).
  func filter(_ text: ConfiguredText) -> Filter? {
    do throws(InvalidFilter) {
      return try Filter(parsing: text.value)
    } catch {
      reader.problem(text.mark, "\(text.path): \"\(text.shown)\" is not a search filter: \(error.reason)")
      return nil
    }
  }
}
