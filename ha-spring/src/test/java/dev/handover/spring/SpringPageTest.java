package dev.handover.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.json.JsonParserFactory;

/** docs/spring.md and the metadata for editors know every property. */
class SpringPageTest {
    @Test
    void shouldDescribeEveryPropertyAndListItOnThePage() throws IOException {
        String page = Files.readString(Path.of("../docs/spring.md"));
        for (Map<?, ?> property : properties()) {
            String name = (String) property.get("name");
            if (name.startsWith("handover.")) {
                assertThat(property.get("description"))
                        .as("description of %s", name)
                        .isNotNull();
                assertThat(page).contains("`" + name + "`");
            }
        }
        assertThat(page).contains("`" + LeaderOnlyMeters.NAME + "`");
    }

    @Test
    void shouldKnowTypesAndDefaults() throws IOException {
        assertThat(properties()).anySatisfy(property -> {
            assertThat(property.get("name")).isEqualTo("handover.hand-over-timeout");
            assertThat(property.get("type")).isEqualTo("java.time.Duration");
            assertThat(property.get("defaultValue")).isEqualTo("10s");
        });
        assertThat(properties()).anySatisfy(property -> {
            assertThat(property.get("name")).isEqualTo("handover.snapshot-size");
            assertThat(property.get("type")).isEqualTo("org.springframework.util.unit.DataSize");
        });
    }

    @Test
    void shouldLetSpringBootSkipTheAutoConfigurationsEarly() throws IOException {
        try (InputStream in = open("/META-INF/spring-autoconfigure-metadata.properties")) {
            assertThat(new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                    .contains(HandoverAutoConfiguration.class.getName());
        }
    }

    private static List<Map<?, ?>> properties() throws IOException {
        try (InputStream in = open("/META-INF/spring-configuration-metadata.json")) {
            Map<String, Object> metadata = JsonParserFactory.getJsonParser()
                    .parseMap(new String(in.readAllBytes(), java.nio.charset.StandardCharsets.UTF_8));
            return ((List<?>) metadata.get("properties"))
                    .stream().<Map<?, ?>>map(entry -> (Map<?, ?>) entry).toList();
        }
    }

    private static InputStream open(String resource) {
        InputStream in = HandoverProperties.class.getResourceAsStream(resource);
        assertThat(in).as(resource).isNotNull();
        return in;
    }
}
