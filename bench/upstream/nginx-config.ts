import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { completion, rateLimited, streamEvents } from "./answers.ts";

/** Writes a configuration of nginx that answers as `node-upstream.ts` does, where that needs no pace. @returns its path */
export function writeNginxConfig(folder: string, port: number): string {
  writeFileSync(join(folder, "unary.json"), completion);
  writeFileSync(join(folder, "limit.json"), rateLimited);
  writeFileSync(join(folder, "burst.sse"), streamEvents(100).join(""));
  const file = join(folder, "nginx.conf");
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? "user root;\n" : ""}worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
  access_log off;
  keepalive_requests 1000000000;
  keepalive_timeout 65s;
  tcp_nodelay on;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  open_file_cache max=16;
  split_clients $request_id $limited { 10% 1; * 0; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    root ${folder};
    types { application/json json; text/event-stream sse; }
    # A file is no answer to a POST for nginx, unless its refusal is that answer.
    error_page 405 =200 $uri;
    location /unary/ { rewrite ^ /unary.json break; }
    location /burst/ { rewrite ^ /burst.sse break; }
    location /limited/ {
      default_type application/json;
      if ($limited) { return 429 '${rateLimited}'; }
      rewrite ^ /unary.json break;
    }
  }
}
`,
  );
  return file;
}
