/// `/people?find=TEXT&directory=NAME`: whom to look at. The server redirects to the person where only one is found.
package struct LookupPage: Sendable {
  package struct Match: Sendable {
    package var directory: String
    package var key: String
    package var dn: String?

    package init(directory: String, key: String, dn: String?) {
      self.directory = directory
      self.key = key
      self.dn = dn
    }
  }

  package var frame: Frame
  /// What was looked for; nil where nothing was.
  package var find: String?
  package var matches: [Match]
  /// Why it could not be looked for, as a sentence.
  package var complaint: String?

  package init(_ frame: Frame, find: String? = nil, matches: [Match] = [], complaint: String? = nil) {
    self.frame = frame
    self.find = find
    self.matches = matches
    self.complaint = complaint
  }
}
