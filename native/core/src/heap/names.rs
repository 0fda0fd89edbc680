//! Function names as `go tool pprof` prints them, and the package a Go function belongs to.

/// The name the table shows for a function.
///
/// Go writes instantiated generics with all their types, parameter lists included. pprof takes every such name
/// for demangled C++ and removes the parameters, so different instances may fall together: their numbers can
/// only equal the tool's if we do the same. Real mangled C++ (`_Z…`, from cgo) is left as it is.
pub(crate) fn display_name(name: &str, system_name: &str) -> String {
    if !name.is_empty() && name != system_name {
        return name.to_owned(); // Somebody has made it readable already.
    }
    if !looks_like_demangled_cplusplus(system_name) {
        return system_name.to_owned();
    }
    remove_enclosed(&remove_enclosed(system_name, b'(', b')'), b'<', b'>')
}

fn looks_like_demangled_cplusplus(name: &str) -> bool {
    // Most names have nothing of the kind: one look tells.
    if !name.bytes().any(|byte| matches!(byte, b'<' | b'>' | b'[' | b']' | b':')) {
        return false;
    }
    let is_java_constructor = name.contains(".<");
    let is_generic_go_method = name.contains("]).");
    !is_java_constructor
        && !is_generic_go_method
        && (name.contains(['<', '>', '[', ']']) || name.contains("::"))
}

/// Removes everything between matching brackets; an unmatched closing one ends the work where it stands.
fn remove_enclosed(name: &str, open: u8, close: u8) -> String {
    let mut kept = Vec::with_capacity(name.len());
    let mut open_at = Vec::new();
    for (index, &byte) in name.as_bytes().iter().enumerate() {
        if byte == open {
            open_at.push(kept.len());
            kept.push(byte);
        } else if byte == close {
            let Some(start) = open_at.pop() else {
                kept.extend_from_slice(&name.as_bytes()[index..]);
                break;
            };
            kept.push(byte);
            if open_at.is_empty() {
                kept.truncate(start);
            }
        } else {
            kept.push(byte);
        }
    }
    // Only whole ASCII brackets and what is between them were removed, so this is still UTF-8.
    String::from_utf8_lossy(&kept).into_owned()
}

/// The import path in a Go function name: `golang.org/x/tools/gopls/internal/cache` of
/// `golang.org/x/tools/gopls/internal/cache.(*Snapshot).View`. Empty for names that have none.
pub(crate) fn package(function: &str) -> String {
    // Type arguments and receivers hold slashes and dots of their own.
    let plain = &function[..function.find(['[', '(']).unwrap_or(function.len())];
    let last_element = plain.rfind('/').map_or(0, |slash| slash + 1);
    match plain[last_element..].find('.') {
        // The linker escapes dots in the last element: gopkg.in/yaml%2ev3.
        Some(dot) => plain[..last_element + dot].replace("%2e", "."),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_go_names_stay() {
        for name in ["main.main", "go/parser.(*parser).parseIdent", "pkg.(*T[go.shape.int]).Method"] {
            assert_eq!(display_name(name, name), name);
        }
    }

    #[test]
    fn parameters_inside_type_arguments_go_as_pprof_has_it() {
        let name = "p.New[go.shape.interface { Read([]uint8) (int, error) }]";
        assert_eq!(display_name(name, name), "p.New[go.shape.interface { Read  }]");
        assert_eq!(
            display_name("p.(*T).M.SortFunc[...].func1", "p.(*T).M.SortFunc[...].func1"),
            "p..M.SortFunc[...].func1"
        );
        assert_eq!(display_name("f[a)b(c)", "f[a)b(c)"), "f[a)b(c)");
        assert_eq!(display_name("f[a(b", "f[a(b"), "f[a(b");
        assert_eq!(display_name("readable", "_Zraw"), "readable");
    }

    #[test]
    fn packages() {
        assert_eq!(
            package("golang.org/x/tools/gopls/internal/cache.(*Snapshot).View"),
            "golang.org/x/tools/gopls/internal/cache"
        );
        assert_eq!(package("gopkg.in/yaml%2ev3.Unmarshal"), "gopkg.in/yaml.v3");
        assert_eq!(package("slices.SortFunc[go.shape.*example.com/a.T]"), "slices");
        assert_eq!(package("runtime.main"), "runtime");
        assert_eq!(package("memcpy"), "");
    }
}
