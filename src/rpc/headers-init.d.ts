// @connectrpc/connect names this type of the DOM library, which a server does not load.
type HeadersInit = ConstructorParameters<typeof Headers>[0];
