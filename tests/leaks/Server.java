// A server with a defect of memory, in Java: `java Server.java DEFECT BYTES`. It prints its port.

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

public class Server {
    private static final int BOUND = 1000;
    private static final byte[] REPLY =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(StandardCharsets.US_ASCII);

    private static final List<Forgotten> KEPT = Collections.synchronizedList(new ArrayList<>());
    private static final Map<Long, Forgotten> CACHE = Collections.synchronizedMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Forgotten> eldest) {
            return size() > BOUND;
        }
    });

    static class Forgotten {
        final byte[] text;

        Forgotten(int size) {
            text = new byte[size];
        }
    }

    public static void main(String[] arguments) throws IOException {
        String defect = arguments.length > 0 ? arguments[0] : "none";
        int size = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 1000;
        try (ServerSocket server = new ServerSocket(0, 128, InetAddress.getLoopbackAddress())) {
            System.out.println("listening " + server.getLocalPort());
            while (true) {
                Socket connection = server.accept();
                Thread thread = new Thread(() -> serve(connection, defect, size));
                thread.setDaemon(true);
                thread.start();
            }
        }
    }

    private static void serve(Socket connection, String defect, int size) {
        try (connection) {
            connection.setTcpNoDelay(true);
            InputStream input = connection.getInputStream();
            StringBuilder head = new StringBuilder();
            for (int next = input.read(); next >= 0; next = input.read()) {
                head.append((char) next);
                if (next == '\n' && head.indexOf("\r\n\r\n") >= 0) {
                    if (head.indexOf("/health") < 0) {
                        request(defect, size);
                    }
                    head.setLength(0);
                    connection.getOutputStream().write(REPLY);
                }
            }
        } catch (IOException error) {
            // the client has gone
        }
    }

    private static void request(String defect, int size) {
        Forgotten made = new Forgotten(size);
        switch (defect) {
            case "leak" -> KEPT.add(made);
            case "bounded" -> CACHE.put(System.nanoTime(), made);
            default -> { }
        }
    }
}
