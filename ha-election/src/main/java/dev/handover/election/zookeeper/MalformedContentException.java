package dev.handover.election.zookeeper;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** What a znode holds cannot be understood. The message names path, problem, content and remedy. */
public final class MalformedContentException extends IOException {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN = 1000;

    /** Without path and content yet: the codecs know neither. */
    public MalformedContentException(String problem) {
        super(problem);
    }

    private MalformedContentException(String message, MalformedContentException cause) {
        super(message, cause);
    }

    MalformedContentException at(String path, byte[] content) {
        return new MalformedContentException(
                "Cannot read " + path + ": " + getMessage() + ". It holds " + content.length + " bytes:\n"
                        + shown(content)
                        + "\nIf a newer release wrote it, upgrade this node. Otherwise stop all nodes of the cluster and put back"
                        + " the content of before with ZooKeeper's zkCli.sh (set " + path
                        + " ...), with no epoch below the highest one"
                        + " in the nodes' logs",
                this);
    }

    private static String shown(byte[] content) {
        String text = new String(content, 0, Math.min(content.length, SHOWN), StandardCharsets.UTF_8);
        return content.length > SHOWN ? text + "..." : text;
    }
}
