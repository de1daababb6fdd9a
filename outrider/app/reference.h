// What is printed of the schema: a commented configuration, and the reference page.
#pragma once

#include <string>

namespace outrider::app {

/// A TOML file with every setting at its default, commented out where there is none.
std::string default_configuration();
/// The reference as Markdown: docs/configuration.md.
std::string reference_page();
/// The same for programs: a JSON array of settings.
std::string settings_as_json();

}  // namespace outrider::app
