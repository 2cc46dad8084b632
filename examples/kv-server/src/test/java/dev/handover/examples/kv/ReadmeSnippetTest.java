package dev.handover.examples.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the README shows must compile, word by word. */
class ReadmeSnippetTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    @Test
    void shouldCompileTheSnippetOfTheReadme(@TempDir Path classes) throws Exception {
        String readme = Files.readString(Path.of("../../README.md"));
        Matcher blocks = JAVA_BLOCK.matcher(readme);
        assertThat(blocks.find()).as("a java block in the README").isTrue();
        String source =
                """
                import static java.util.concurrent.TimeUnit.SECONDS;
                import dev.handover.*;
                import dev.handover.election.zookeeper.ZooKeeperConfigurationStore;
                import dev.handover.netty.NettyTransport;
                import dev.handover.replication.*;
                import java.nio.file.Path;
                class Snippet {
                    static class OrderBook implements StateMachine {
                        @Override public byte[] apply(Command command) { return command.payload(); }
                    }
                    static void run(byte[] command) throws Exception {
                %s
                    }
                }
                """
                        .formatted(blocks.group(1));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        DiagnosticCollector<JavaFileObject> problems = new DiagnosticCollector<>();
        boolean compiled = compiler.getTask(
                        null,
                        null,
                        problems,
                        List.of(
                                "-d",
                                classes.toString(),
                                "-classpath",
                                System.getProperty("java.class.path"),
                                "-proc:none"),
                        null,
                        List.of(new Source(source)))
                .call();
        assertThat(compiled).as("%s", problems.getDiagnostics()).isTrue();
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String text) {
            super(URI.create("string:///Snippet.java"), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }
}
