package dev.handover.netty;

import dev.handover.NodeId;
import dev.handover.replication.transport.Hello;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Map;
import java.util.UUID;

/** Speaks to a transport byte by byte, over a plain socket. */
final class Stranger implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 20_000;

    record Frame(int type, byte[] body) {
        String text() throws WireFormatException {
            WireReader in = new WireReader(Unpooled.wrappedBuffer(body));
            return in.text("reason", 2000);
        }
    }

    private final Socket socket;
    private final DataInputStream in;

    Stranger(InetSocketAddress to) throws IOException {
        this(new Socket(to.getAddress(), to.getPort()));
    }

    Stranger(Socket socket) throws IOException {
        this.socket = socket;
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(socket.getInputStream());
    }

    void write(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
    }

    void frame(int type, byte... body) throws IOException {
        ByteBuf out = Unpooled.buffer();
        out.writeInt(body.length + 1).writeByte(type).writeBytes(body);
        socket.getOutputStream().write(out.array(), 0, out.writerIndex());
    }

    /** A greeting as it should be. */
    void hello(String speaker, String addressee) throws IOException {
        hello(speaker, addressee, "test", UUID.randomUUID(), Wire.MAGIC, 1, 1);
    }

    void hello(String speaker, String addressee, String cluster, UUID incarnation, int magic, int lowest, int highest)
            throws IOException {
        ByteBuf out = Unpooled.buffer();
        Greeting.encode(new Hello(cluster, NodeId.of(speaker), incarnation, Map.of()), NodeId.of(addressee), out);
        out.setInt(0, magic);
        out.setShort(4, lowest);
        out.setShort(6, highest);
        byte[] body = new byte[out.readableBytes()];
        out.readBytes(body);
        frame(Wire.HELLO, body);
    }

    Frame read() throws IOException {
        int length = in.readInt();
        int type = in.readUnsignedByte();
        byte[] body = new byte[length - 1];
        in.readFully(body);
        return new Frame(type, body);
    }

    /** Whether the other side closes, whatever it sends before. */
    boolean isClosed() throws IOException {
        try {
            while (in.read() >= 0) {}
            return true;
        } catch (EOFException e) {
            return true;
        } catch (java.net.SocketException e) { // reset
            return true;
        }
    }

    void hangUp() throws IOException {
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
